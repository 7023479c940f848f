package bovespa;

import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;

/** A folder that stands for a bucket: S3 knows no permissions, so none are set. Why: local/file_system.py. */
public class BucketFileSystem extends RawLocalFileSystem {
    public void setPermission(Path path, FsPermission permission) {
    }
}
