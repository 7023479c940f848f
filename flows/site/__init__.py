"""The data-quality site: pages over all sessions of every index, kept beside the runs' own reports.

Plain files below `reports/` in the artifacts bucket, without a script or anything from elsewhere: they read the same offline, on
a phone and in print. `publish` writes them; what they show is decided in `calendar` and `charts` and laid out by `pages`.
"""
