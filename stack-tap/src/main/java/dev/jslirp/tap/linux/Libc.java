package dev.jslirp.tap.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/// The system calls this module needs, through the C library.
///
/// Every method returns what the kernel itself would: the result, or the negated error number. Errors on
/// the frame path (EAGAIN above all) are therefore plain values. Addresses travel as `long`.
///
/// All functions are declared alike, with six parameters of 64 bits: both supported ABIs pass up to six integers, variadic or not, in whole
/// registers; a callee that wants an `int` reads the low half, one that wants fewer does not look at the rest. So the linker builds
/// its stubs for two shapes only, which takes a tenth of a second from the time to start. Results of `int` functions are truncated.
final class Libc {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final StructLayout CAPTURE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO = CAPTURE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
    /// Where the linker leaves `errno`, per thread; the memory lives as long as the thread's last use of it.
    private static final ThreadLocal<MemorySegment> STATE = ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(CAPTURE));

    /// Of every function, as far as the linker knows.
    private static final int PARAMETERS = 6;
    private static final FunctionDescriptor SHAPE = shape();

    private static final MethodHandle OPEN = variadic("open");
    private static final MethodHandle IOCTL = variadic("ioctl");
    private static final MethodHandle FCNTL = variadic("fcntl");
    private static final MethodHandle PRCTL = variadic("prctl");
    private static final MethodHandle CLOSE = fixed("close");
    private static final MethodHandle READ = fixed("read");
    private static final MethodHandle WRITE = fixed("write");
    private static final MethodHandle WRITEV = fixed("writev");
    private static final MethodHandle DUP3 = fixed("dup3");
    private static final MethodHandle SOCKET = fixed("socket");
    private static final MethodHandle BIND = fixed("bind");
    private static final MethodHandle LISTEN = fixed("listen");
    private static final MethodHandle ACCEPT4 = fixed("accept4");
    private static final MethodHandle CONNECT = fixed("connect");
    private static final MethodHandle SENDMSG = fixed("sendmsg");
    private static final MethodHandle RECVMSG = fixed("recvmsg");
    private static final MethodHandle GETSOCKOPT = fixed("getsockopt");
    private static final MethodHandle SETSOCKOPT = fixed("setsockopt");
    private static final MethodHandle POLL = fixed("poll");
    private static final MethodHandle EPOLL_CREATE1 = fixed("epoll_create1");
    private static final MethodHandle EPOLL_CTL = fixed("epoll_ctl");
    private static final MethodHandle EPOLL_WAIT = fixed("epoll_wait");
    private static final MethodHandle EVENTFD = fixed("eventfd");
    private static final MethodHandle SHUTDOWN = fixed("shutdown");
    private static final MethodHandle GETSOCKNAME = fixed("getsockname");
    private static final MethodHandle SENDMMSG = fixed("sendmmsg");
    private static final MethodHandle RECVMMSG = fixed("recvmmsg");
    private static final MethodHandle FCHMOD = fixed("fchmod");
    private static final MethodHandle SETNS = fixed("setns");
    private static final MethodHandle MOUNT = fixed("mount");
    private static final MethodHandle EXECVP = fixed("execvp");
    private static final MethodHandle CLOSE_RANGE = fixed("close_range");
    private static final MethodHandle PTHREAD_SIGMASK = fixed("pthread_sigmask");
    private static final MethodHandle SIGNAL = fixed("signal");
    private static final MethodHandle KILL = fixed("kill");
    private static final MethodHandle SETPRIORITY = fixed("setpriority");
    private static final MethodHandle GETEUID = fixed("geteuid");
    private static final MethodHandle ISATTY = fixed("isatty");

    private Libc() {}

    /// A handle to a function of at most [#PARAMETERS] parameters, for callers that few programs need (see [SharedMemory]). It is called
    /// with as many arguments, zeros at the end.
    @SuppressWarnings("restricted")
    static MethodHandle fixed(String name) {
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), SHAPE, Linker.Option.captureCallState("errno"));
    }

    /// The same for a function whose parameters after the first two, or all of them after the first, are variadic.
    @SuppressWarnings("restricted")
    private static MethodHandle variadic(String name) {
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), SHAPE, Linker.Option.captureCallState("errno"),
                Linker.Option.firstVariadicArg(2));
    }

    private static FunctionDescriptor shape() {
        MemoryLayout[] layouts = new MemoryLayout[PARAMETERS];
        Arrays.fill(layouts, ValueLayout.JAVA_LONG);
        return FunctionDescriptor.of(ValueLayout.JAVA_LONG, layouts);
    }

    /// The calling thread's place for `errno`.
    static MemorySegment state() {
        return STATE.get();
    }

    /// A result of 64 bits, or the negated error number.
    static long size(long result, MemorySegment state) {
        return result == -1 ? -(int) ERRNO.get(state, 0L) : result;
    }

    /// A result of type `int`, or the negated error number.
    static int number(long result, MemorySegment state) {
        return (int) result == -1 ? -(int) ERRNO.get(state, 0L) : (int) result;
    }

    static AssertionError impossible(Throwable t) {
        return new AssertionError("a downcall declares no exception", t);
    }

    static int open(long path, int flags, int mode) {
        MemorySegment state = STATE.get();
        try {
            return number((long) OPEN.invokeExact(state, path, (long) flags, (long) mode, 0L, 0L, 0L), state);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int ioctl(int fd, long request, long argument) {
        MemorySegment state = STATE.get();
        try {
            return number((long) IOCTL.invokeExact(state, (long) fd, request, argument, 0L, 0L, 0L), state);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int fcntl(int fd, int command, long argument) {
        MemorySegment state = STATE.get();
        try {
            return number((long) FCNTL.invokeExact(state, (long) fd, (long) command, argument, 0L, 0L, 0L), state);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int prctl(int option, long a, long b, long c, long d) {
        MemorySegment state = STATE.get();
        try {
            return number((long) PRCTL.invokeExact(state, (long) option, a, b, c, d, 0L), state);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int close(int fd) {
        MemorySegment state = STATE.get();
        try {
            return number((long) CLOSE.invokeExact(state, (long) fd, 0L, 0L, 0L, 0L, 0L), state);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static long read(int fd, long address, long length) {
        MemorySegment state = STATE.get();
        try {
            return size((long) READ.invokeExact(state, (long) fd, address, length, 0L, 0L, 0L), state);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static long write(int fd, long address, long length) {
        MemorySegment state = STATE.get();
        try {
            return size((long) WRITE.invokeExact(state, (long) fd, address, length, 0L, 0L, 0L), state);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static long writev(int fd, long iovec, int count) {
        MemorySegment state = STATE.get();
        try {
            return size((long) WRITEV.invokeExact(state, (long) fd, iovec, (long) count, 0L, 0L, 0L), state);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int dup3(int from, int to, int flags) {
        MemorySegment state = STATE.get();
        try {
            return number((long) DUP3.invokeExact(state, (long) from, (long) to, (long) flags, 0L, 0L, 0L), state);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int socket(int family, int type, int protocol) {
        MemorySegment state = STATE.get();
        try {
            return number((long) SOCKET.invokeExact(state, (long) family, (long) type, (long) protocol, 0L, 0L, 0L), state);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int bind(int fd, long address, int length) {
        MemorySegment state = STATE.get();
        try {
            return number((long) BIND.invokeExact(state, (long) fd, address, (long) length, 0L, 0L, 0L), state);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int listen(int fd, int backlog) {
        MemorySegment state = STATE.get();
        try {
            return number((long) LISTEN.invokeExact(state, (long) fd, (long) backlog, 0L, 0L, 0L, 0L), state);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int accept4(int fd, long address, long length, int flags) {
        MemorySegment state = STATE.get();
        try {
            return number((long) ACCEPT4.invokeExact(state, (long) fd, address, length, (long) flags, 0L, 0L), state);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int connect(int fd, long address, int length) {
        MemorySegment state = STATE.get();
        try {
            return number((long) CONNECT.invokeExact(state, (long) fd, address, (long) length, 0L, 0L, 0L), state);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static long sendmsg(int fd, long message, int flags) {
        MemorySegment state = STATE.get();
        try {
            return size((long) SENDMSG.invokeExact(state, (long) fd, message, (long) flags, 0L, 0L, 0L), state);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static long recvmsg(int fd, long message, int flags) {
        MemorySegment state = STATE.get();
        try {
            return size((long) RECVMSG.invokeExact(state, (long) fd, message, (long) flags, 0L, 0L, 0L), state);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int getsockopt(int fd, int level, int option, long value, long length) {
        MemorySegment state = STATE.get();
        try {
            return number((long) GETSOCKOPT.invokeExact(state, (long) fd, (long) level, (long) option, value, length, 0L), state);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int setsockopt(int fd, int level, int option, long value, int length) {
        MemorySegment state = STATE.get();
        try {
            return number((long) SETSOCKOPT.invokeExact(state, (long) fd, (long) level, (long) option, value, (long) length, 0L), state);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int poll(long fds, int count, int timeoutMs) {
        MemorySegment state = STATE.get();
        try {
            return number((long) POLL.invokeExact(state, fds, (long) count, (long) timeoutMs, 0L, 0L, 0L), state);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int epollCreate1(int flags) {
        MemorySegment state = STATE.get();
        try {
            return number((long) EPOLL_CREATE1.invokeExact(state, (long) flags, 0L, 0L, 0L, 0L, 0L), state);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int epollCtl(int epollFd, int operation, int fd, long event) {
        MemorySegment state = STATE.get();
        try {
            return number((long) EPOLL_CTL.invokeExact(state, (long) epollFd, (long) operation, (long) fd, event, 0L, 0L), state);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int epollWait(int epollFd, long events, int capacity, int timeoutMs) {
        MemorySegment state = STATE.get();
        try {
            return number((long) EPOLL_WAIT.invokeExact(state, (long) epollFd, events, (long) capacity, (long) timeoutMs, 0L, 0L), state);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int eventfd(int value, int flags) {
        MemorySegment state = STATE.get();
        try {
            return number((long) EVENTFD.invokeExact(state, (long) value, (long) flags, 0L, 0L, 0L, 0L), state);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int shutdown(int fd, int how) {
        MemorySegment state = STATE.get();
        try {
            return number((long) SHUTDOWN.invokeExact(state, (long) fd, (long) how, 0L, 0L, 0L, 0L), state);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int getsockname(int fd, long address, long length) {
        MemorySegment state = STATE.get();
        try {
            return number((long) GETSOCKNAME.invokeExact(state, (long) fd, address, length, 0L, 0L, 0L), state);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int sendmmsg(int fd, long messages, int count, int flags) {
        MemorySegment state = STATE.get();
        try {
            return number((long) SENDMMSG.invokeExact(state, (long) fd, messages, (long) count, (long) flags, 0L, 0L), state);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int recvmmsg(int fd, long messages, int count, int flags, long timeout) {
        MemorySegment state = STATE.get();
        try {
            return number((long) RECVMMSG.invokeExact(state, (long) fd, messages, (long) count, (long) flags, timeout, 0L), state);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int fchmod(int fd, int mode) {
        MemorySegment state = STATE.get();
        try {
            return number((long) FCHMOD.invokeExact(state, (long) fd, (long) mode, 0L, 0L, 0L, 0L), state);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int setns(int fd, int kind) {
        MemorySegment state = STATE.get();
        try {
            return number((long) SETNS.invokeExact(state, (long) fd, (long) kind, 0L, 0L, 0L, 0L), state);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int mount(long source, long target, long type, long flags, long data) {
        MemorySegment state = STATE.get();
        try {
            return number((long) MOUNT.invokeExact(state, source, target, type, flags, data, 0L), state);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int execvp(long file, long arguments) {
        MemorySegment state = STATE.get();
        try {
            return number((long) EXECVP.invokeExact(state, file, arguments, 0L, 0L, 0L, 0L), state);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int closeRange(int first, int last, int flags) {
        MemorySegment state = STATE.get();
        try {
            return number((long) CLOSE_RANGE.invokeExact(state, (long) first, (long) last, (long) flags, 0L, 0L, 0L), state);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int pthreadSigmask(int how, long set, long old) {
        MemorySegment state = STATE.get();
        try {
            return number((long) PTHREAD_SIGMASK.invokeExact(state, (long) how, set, old, 0L, 0L, 0L), state);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static long signal(int signal, long handler) {
        MemorySegment state = STATE.get();
        try {
            return size((long) SIGNAL.invokeExact(state, (long) signal, handler, 0L, 0L, 0L, 0L), state);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int setpriority(int which, int who, int nice) {
        MemorySegment state = STATE.get();
        try {
            return number((long) SETPRIORITY.invokeExact(state, (long) which, (long) who, (long) nice, 0L, 0L, 0L), state);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int kill(int pid, int signal) {
        MemorySegment state = STATE.get();
        try {
            return number((long) KILL.invokeExact(state, (long) pid, (long) signal, 0L, 0L, 0L, 0L), state);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int geteuid() {
        MemorySegment state = STATE.get();
        try {
            return number((long) GETEUID.invokeExact(state, 0L, 0L, 0L, 0L, 0L, 0L), state);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

    static int isatty(int fd) {
        MemorySegment state = STATE.get();
        try {
            return number((long) ISATTY.invokeExact(state, (long) fd, 0L, 0L, 0L, 0L, 0L), state);
        } catch (Throwable t) {
            throw impossible(t);
        }
    }

}
