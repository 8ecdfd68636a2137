package dev.jslirp.tap.linux;

import static dev.jslirp.tap.linux.Constants.*;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// One queue of a TAP interface: a descriptor that reads and writes whole Ethernet frames, each behind a
/// virtio-net header of [#VNET_HEADER_BYTES] bytes when [#vnetHeader] says so. Non-blocking.
public final class TapDevice implements AutoCloseable {
    /// Bytes of the virtio-net header in front of each frame (without `num_buffers`).
    public static final int VNET_HEADER_BYTES = 10;
    private static final String CLONE_DEVICE = "/dev/net/tun";

    private final int fd;
    private final String name;
    private final boolean vnetHeader;
    private final Offloads offloads;
    private boolean closed;

    /// What the kernel agreed to send in super-frames and with incomplete checksums.
    public enum Offloads {
        /// Complete frames of at most MTU size.
        NONE,
        /// Incomplete checksums and TCP super-frames.
        TCP,
        /// Incomplete checksums, TCP and UDP super-frames (Linux 6.2 and newer).
        TCP_UDP
    }

    private TapDevice(int fd, String name, boolean vnetHeader, Offloads offloads) {
        this.fd = fd;
        this.name = name;
        this.vnetHeader = vnetHeader;
        this.offloads = offloads;
    }

    /// Creates the interface `name` in the calling thread's network namespace and returns its descriptor, which the
    /// caller owns and hands on or to [#adopt].
    ///
    /// @param name       1 … 15 bytes
    /// @param vnetHeader whether frames carry a virtio-net header
    /// @throws TapException if the device cannot be opened or the interface not created
    public static int create(String name, boolean vnetHeader) throws TapException {
        return attach(name, vnetHeader ? IFF_VNET_HDR : 0);
    }

    /// As [#create(String, boolean)], an interface of `queues` queues, each with a descriptor of its own. The kernel gives all frames of
    /// one flow to one queue: the one that frames of the flow were last written to, or, where none were within some seconds, always the
    /// same one.
    public static int[] create(String name, boolean vnetHeader, int queues) throws TapException {
        int flags = (vnetHeader ? IFF_VNET_HDR : 0) | (queues > 1 ? IFF_MULTI_QUEUE : 0);
        int[] fds = new int[queues];
        for (int i = 0; i < queues; i++) {
            try {
                fds[i] = attach(name, flags);
            } catch (TapException e) {
                Arrays.stream(fds, 0, i).forEach(Libc::close);
                throw e;
            }
        }
        return fds;
    }

    private static int attach(String name, int extraFlags) throws TapException {
        try (Arena arena = Arena.ofConfined()) {
            int fd = Libc.open(Structs.string(arena, CLONE_DEVICE).address(), O_RDWR | O_CLOEXEC | O_NONBLOCK, 0);
            TapException.check(fd, "cannot open " + CLONE_DEVICE, openAdvice(Errno.of(-fd)));
            MemorySegment request = interfaceRequest(arena, name);
            request.set(ValueLayout.JAVA_SHORT, 16, (short) (IFF_TAP | IFF_NO_PI | extraFlags));
            int result = Libc.ioctl(fd, TUNSETIFF, request.address());
            if (result < 0) {
                Libc.close(fd);
                throw new TapException("cannot create TAP interface " + name, -result, createAdvice(Errno.of(-result)));
            }
            return fd;
        }
    }

    private static String openAdvice(Errno errno) {
        return switch (errno) {
            case ENOENT, ENODEV, ENXIO -> "the tun driver is missing; as root: modprobe tun, or in a container: --device " + CLONE_DEVICE;
            case EACCES, EPERM -> "jslirp needs read and write permission on it; as root: chmod 666 " + CLONE_DEVICE
                    + ", or in a container: --device " + CLONE_DEVICE;
            default -> "";
        };
    }

    private static String createAdvice(Errno errno) {
        return switch (errno) {
            case EPERM -> "CAP_NET_ADMIN is needed in the network namespace";
            case EBUSY -> "the interface exists already; choose another --tap-name";
            case EINVAL -> "no valid interface name, or an interface of another kind has it";
            default -> "";
        };
    }

    /// Takes over an open TAP descriptor, whoever opened it, and negotiates offloads where it carries virtio-net headers.
    ///
    /// @param fd owned by the returned device; on failure it stays the caller's
    /// @throws TapException if it is no TAP descriptor
    public static TapDevice adopt(int fd) throws TapException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment request = arena.allocate(Structs.IFREQ);
            TapException.check(Libc.ioctl(fd, TUNGETIFF, request.address()), "descriptor " + fd + " is not a TAP device",
                    "open /dev/net/tun and attach it with TUNSETIFF and IFF_TAP first");
            String name = request.getString(0, StandardCharsets.UTF_8);
            int flags = request.get(ValueLayout.JAVA_SHORT, 16);
            if ((flags & IFF_TAP) == 0 || (flags & IFF_NO_PI) == 0) {
                throw new TapException("descriptor " + fd + " (" + name + ") is not usable", Errno.EINVAL.number(),
                        "it must be attached with IFF_TAP | IFF_NO_PI");
            }
            boolean vnet = (flags & IFF_VNET_HDR) != 0;
            Offloads offloads = vnet ? negotiate(arena, fd) : Offloads.NONE;
            int status = TapException.check(Libc.fcntl(fd, F_GETFL, 0), "cannot read flags of " + name);
            TapException.check(Libc.fcntl(fd, F_SETFL, status | O_NONBLOCK), "cannot make " + name + " non-blocking");
            return new TapDevice(fd, name, vnet, offloads);
        }
    }

    private static Offloads negotiate(Arena arena, int fd) throws TapException {
        MemorySegment size = arena.allocateFrom(ValueLayout.JAVA_INT, VNET_HEADER_BYTES);
        TapException.check(Libc.ioctl(fd, TUNSETVNETHDRSZ, size.address()), "cannot set the virtio-net header size");
        int tcp = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
        if (Libc.ioctl(fd, TUNSETOFFLOAD, tcp | TUN_F_USO4 | TUN_F_USO6) == 0) {
            return Offloads.TCP_UDP;
        }
        return Libc.ioctl(fd, TUNSETOFFLOAD, tcp) == 0 ? Offloads.TCP : Offloads.NONE;
    }

    /// A zeroed `ifreq` that names `name`.
    static MemorySegment interfaceRequest(Arena arena, String name) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        if (bytes.length == 0 || bytes.length > 15) {
            throw new IllegalArgumentException("interface name '" + name + "' must have 1 to 15 bytes");
        }
        MemorySegment request = arena.allocate(Structs.IFREQ);
        MemorySegment.copy(bytes, 0, request, ValueLayout.JAVA_BYTE, 0, bytes.length);
        return request;
    }

    /// Hands the descriptor over: it is the caller's from now on, and [#close] does nothing.
    public int release() {
        closed = true;
        return fd;
    }

    /// The descriptor, which stays this object's.
    public int fd() {
        return fd;
    }

    /// The interface's name.
    public String name() {
        return name;
    }

    /// Whether frames carry a virtio-net header.
    public boolean vnetHeader() {
        return vnetHeader;
    }

    /// What was negotiated.
    public Offloads offloads() {
        return offloads;
    }

    /// Reads one frame.
    ///
    /// @return its bytes, virtio-net header included, or a negated error number (`EAGAIN`: none waits)
    public int read(long address, int capacity) {
        return (int) Libc.read(fd, address, capacity);
    }

    /// Writes one frame, gathered from `ranges`.
    ///
    /// @return bytes taken, or a negated error number
    public int write(GatherList ranges) {
        return (int) Libc.writev(fd, ranges.address(), ranges.count());
    }

    /// Closes the descriptor; an interface that is not persistent disappears. Idempotent.
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            Libc.close(fd);
        }
    }
}
