package bovespa;

import java.io.File;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.URI;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;

/** A bucket is a folder in the folder of all buckets, and a key is a path in it. Why: local/glue/file_system.py. */
public class BucketFileSystem extends RawLocalFileSystem {
    private URI uri;
    private File folder;

    public void initialize(URI name, Configuration configuration) throws IOException {
        super.initialize(name, configuration);
        uri = URI.create(name.getScheme() + "://" + name.getAuthority());
        folder = new File(configuration.get("bovespa.buckets"), name.getAuthority());
        if (!folder.isDirectory()) {
            throw new FileNotFoundException("The specified bucket does not exist: " + name.getAuthority());
        }
    }

    public URI getUri() {
        return uri;
    }

    public File pathToFile(Path path) {
        checkPath(path);
        return new File(folder, path.toUri().getPath());
    }

    protected Path getInitialWorkingDirectory() {
        return new Path("/");
    }

    public FileStatus getFileStatus(Path path) throws IOException {
        File file = pathToFile(path);
        if (!file.exists()) {
            throw new FileNotFoundException("No such object: " + path);
        }
        Path qualified = path.makeQualified(uri, getWorkingDirectory());
        return new FileStatus(file.length(), file.isDirectory(), 1, getDefaultBlockSize(path), file.lastModified(), qualified);
    }

    public FileStatus[] listStatus(Path path) throws IOException {
        return pathToFile(path).isFile() ? new FileStatus[] {getFileStatus(path)} : super.listStatus(path);
    }

    public boolean mkdirs(Path path) throws IOException {
        File made = pathToFile(path);
        return made.isDirectory() || made.mkdirs() || made.isDirectory();
    }

    public boolean mkdirs(Path path, FsPermission permission) throws IOException {
        return mkdirs(path);
    }

    public void setPermission(Path path, FsPermission permission) {
    }
}
