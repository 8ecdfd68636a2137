package dev.jslirp.tap.linux;

import static dev.jslirp.tap.linux.Constants.*;

import java.io.File;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// What a process may do to itself and to others: namespaces, `exec`, privileges, signals, bare descriptors.
public final class Processes {
    /// Field 19 of a thread's `stat`, counted behind its name.
    private static final int STAT_NICE = 16;

    private Processes() {}

    /// Moves the calling **thread** into the network namespace at `path`. Only for a thread that ends soon.
    public static void enterNetworkNamespace(Path path) throws TapException {
        try (Arena arena = Arena.ofConfined()) {
            int fd = TapException.check(Libc.open(Structs.string(arena, path.toString()).address(), O_RDONLY | O_CLOEXEC, 0),
                    "cannot open network namespace " + path);
            int result = Libc.setns(fd, CLONE_NEWNET);
            Libc.close(fd);
            TapException.check(result, "cannot enter network namespace " + path, "only root may do that");
        }
    }

    /// Lets `target` show the content of `source`, for this mount namespace only.
    public static void bindMount(Path source, Path target) throws TapException {
        try (Arena arena = Arena.ofConfined()) {
            TapException.check(Libc.mount(Structs.string(arena, source.toString()).address(),
                    Structs.string(arena, target.toString()).address(), 0, MS_BIND, 0), "cannot mount " + source + " over " + target);
        }
    }

    /// Becomes `command` (looked up along PATH), with an empty signal mask and descriptors 0, 1, 2 only. Returns only if that fails.
    ///
    /// @return why it failed
    public static Errno become(List<String> command) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment arguments = arena.allocate(ValueLayout.JAVA_LONG, command.size() + 1L);
            for (int i = 0; i < command.size(); i++) {
                arguments.setAtIndex(ValueLayout.JAVA_LONG, i, Structs.string(arena, command.get(i)).address());
            }
            // The virtual machine's descriptors and blocked signals must not leak into the command.
            Libc.closeRange(3, -1, CLOSE_RANGE_CLOEXEC);
            Libc.pthreadSigmask(SIG_SETMASK, arena.allocate(128).address(), 0);
            for (int ignored : IGNORED_BY_JAVA) {
                Libc.signal(ignored, 0);
            }
            return Errno.of(-Libc.execvp(arguments.get(ValueLayout.JAVA_LONG, 0), arguments.address()));
        }
    }

    /// SIGPIPE and SIGXFSZ: caught signals are reset by `exec`, ignored ones are not.
    private static final int[] IGNORED_BY_JAVA = {13, 25};

    /// Gives up the chance to gain privileges through set-user-id programs, for the calling thread and those it starts.
    public static void forgoNewPrivileges() throws TapException {
        TapException.check(Libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "cannot forgo new privileges");
    }

    /// Makes the threads of this process whose names contain `name`, and those that they start from now on, give way to all others.
    ///
    /// @param by how much their nice values rise
    /// @return how many those are
    public static int giveWay(String name, int by) {
        int count = 0;
        File[] threads = new File("/proc/self/task").listFiles();
        for (File thread : threads == null ? new File[0] : threads) {
            if (giveWay(thread.toPath(), name, by)) {
                count++;
            }
        }
        return count;
    }

    private static boolean giveWay(Path thread, String name, int by) {
        try {
            String stat = Files.readString(thread.resolve("stat"));
            int nameEnd = stat.lastIndexOf(')');
            if (!stat.substring(0, nameEnd).contains(name)) {
                return false;
            }
            int nice = Integer.parseInt(stat.substring(nameEnd + 2).split(" ")[STAT_NICE]);
            return Libc.setpriority(PRIO_PROCESS, Integer.parseInt(thread.getFileName().toString()), nice + by) == 0;
        } catch (IOException e) {
            return false; // It has ended.
        }
    }

    /// Sends `signal` to `pid`; a process that has gone is no error.
    public static void signal(long pid, int signal) {
        Libc.kill((int) pid, signal);
    }

    /// Effective user id.
    public static int effectiveUser() {
        return Libc.geteuid();
    }

    /// Whether descriptor `fd` is a terminal.
    public static boolean isTerminal(int fd) {
        return Libc.isatty(fd) == 1;
    }

    /// Whether `fd` is an open descriptor.
    public static boolean isOpen(int fd) {
        return Libc.fcntl(fd, F_GETFD, 0) >= 0;
    }

    /// Writes one byte to descriptor `fd`, which stays open.
    public static void writeByte(int fd, char value) throws TapException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment one = arena.allocateFrom(ValueLayout.JAVA_BYTE, (byte) value);
            TapException.check(Libc.write(fd, one.address(), 1), "cannot write to descriptor " + fd);
        }
    }

    /// Blocks until the other end of `fd` is closed or something can be read from it.
    public static void awaitInput(int fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment poll = arena.allocate(Structs.POLLFD);
            poll.set(ValueLayout.JAVA_INT, 0, fd);
            poll.set(ValueLayout.JAVA_SHORT, 4, (short) POLLIN);
            while (Libc.poll(poll.address(), 1, -1) == -Errno.EINTR.number()) {
                // poll is never restarted by the kernel
            }
        }
    }

    /// Whether descriptor `fd` is a pipe or a socket.
    public static boolean isPipeOrSocket(int fd) {
        try {
            String target = Files.readSymbolicLink(Path.of("/proc/self/fd", Integer.toString(fd))).toString();
            return target.startsWith("pipe:") || target.startsWith("socket:");
        } catch (IOException e) {
            return false;
        }
    }

    /// Moves what descriptor `fd` stands for to a new descriptor, the caller's, and makes it non-blocking; `fd` is `/dev/null` from then
    /// on.
    public static int takeOver(int fd) throws TapException {
        String what = "cannot take descriptor " + fd + " over";
        int moved = TapException.check(Libc.fcntl(fd, F_DUPFD_CLOEXEC, 3), what);
        int flags = Libc.fcntl(moved, F_GETFL, 0);
        int result = flags < 0 ? flags : Libc.fcntl(moved, F_SETFL, flags | O_NONBLOCK);
        if (result >= 0) {
            result = replaceByNull(fd);
        }
        if (result < 0) {
            Libc.close(moved);
        }
        TapException.check(result, what);
        return moved;
    }

    private static int replaceByNull(int fd) {
        try (Arena arena = Arena.ofConfined()) {
            int nothing = Libc.open(Structs.string(arena, "/dev/null").address(), O_RDWR | O_CLOEXEC, 0);
            if (nothing < 0) {
                return nothing;
            }
            int result = Libc.dup3(nothing, fd, 0);
            Libc.close(nothing);
            return result;
        }
    }

    /// Closes a bare descriptor.
    public static void close(int fd) {
        Libc.close(fd);
    }
}
