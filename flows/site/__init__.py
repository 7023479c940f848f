"""The data-quality site: pages over all sessions of every index, kept beside the runs' own reports.

Plain files below `reports/` in the artifacts bucket, without a script or anything from elsewhere: they read the same offline, on
a phone and in print. `facts` says what they show; `pages`, `calendar`, `charts` and `cards` lay it out and are pure; `publish`
reads the facts and puts the pages.
"""
