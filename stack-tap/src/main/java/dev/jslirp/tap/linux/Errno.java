package dev.jslirp.tap.linux;

/// The error numbers this program tells apart, with the C library's words for them. The numbers are
/// those of `asm-generic`, which x86_64 and aarch64 share.
public enum Errno {
    EPERM(1, "Operation not permitted"),
    ENOENT(2, "No such file or directory"),
    ESRCH(3, "No such process"),
    EINTR(4, "Interrupted system call"),
    EIO(5, "Input/output error"),
    ENXIO(6, "No such device or address"),
    ENOEXEC(8, "Exec format error"),
    EBADF(9, "Bad file descriptor"),
    EAGAIN(11, "Resource temporarily unavailable"),
    ENOMEM(12, "Cannot allocate memory"),
    EACCES(13, "Permission denied"),
    EFAULT(14, "Bad address"),
    EBUSY(16, "Device or resource busy"),
    EEXIST(17, "File exists"),
    ENODEV(19, "No such device"),
    ENOTDIR(20, "Not a directory"),
    EINVAL(22, "Invalid argument"),
    ENFILE(23, "Too many open files in system"),
    EMFILE(24, "Too many open files"),
    ENOTTY(25, "Inappropriate ioctl for device"),
    ENOSPC(28, "No space left on device"),
    EROFS(30, "Read-only file system"),
    EPIPE(32, "Broken pipe"),
    EBADFD(77, "File descriptor in bad state"),
    EMSGSIZE(90, "Message too long"),
    EPROTOTYPE(91, "Protocol wrong type for socket"),
    EPROTONOSUPPORT(93, "Protocol not supported"),
    EAFNOSUPPORT(97, "Address family not supported by protocol"),
    EADDRINUSE(98, "Address already in use"),
    EADDRNOTAVAIL(99, "Cannot assign requested address"),
    ENETDOWN(100, "Network is down"),
    ENETUNREACH(101, "Network is unreachable"),
    ECONNABORTED(103, "Software caused connection abort"),
    ECONNRESET(104, "Connection reset by peer"),
    ENOBUFS(105, "No buffer space available"),
    ENOTCONN(107, "Transport endpoint is not connected"),
    ETIMEDOUT(110, "Connection timed out"),
    ECONNREFUSED(111, "Connection refused"),
    EHOSTDOWN(112, "Host is down"),
    EHOSTUNREACH(113, "No route to host"),
    EINPROGRESS(115, "Operation now in progress"),
    /// A number without a constant here.
    UNKNOWN(-1, "Unknown error");

    /// `values()` copies.
    private static final Errno[] ALL = values();

    private final int number;
    private final String text;

    Errno(int number, String text) {
        this.number = number;
        this.text = text;
    }

    /// The kernel's number.
    public int number() {
        return number;
    }

    /// The constant for `number`, or [#UNKNOWN].
    public static Errno of(int number) {
        for (Errno errno : ALL) {
            if (errno.number == number) {
                return errno;
            }
        }
        return UNKNOWN;
    }

    /// `Operation not permitted`: the C library's words.
    public static String text(int number) {
        Errno errno = of(number);
        return errno == UNKNOWN ? "errno " + number : errno.text;
    }

    /// `EPERM: Operation not permitted`.
    public static String describe(int number) {
        Errno errno = of(number);
        return errno == UNKNOWN ? "errno " + number : errno.name() + ": " + errno.text;
    }
}
