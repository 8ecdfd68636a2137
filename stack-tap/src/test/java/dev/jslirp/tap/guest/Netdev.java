package dev.jslirp.tap.guest;

import java.nio.file.Path;
import java.util.List;

/// How QEMU's network card reaches the program behind it.
enum Netdev {
    /// QEMU's own network, libslirp: what the others are compared with.
    USER,
    STREAM_UNIX,
    STREAM_TCP,
    DGRAM,
    /// Frames in the guest's own memory.
    VHOST_USER,
    /// A TAP of QEMU's, which a [TapBridge] joins to one that `jslirp attach` serves; whole frames.
    TAP,
    /// The same with a virtio-net header: super-frames pass the bridge, with incomplete checksums.
    TAP_OFFLOAD;

    /// Whether it is on a [TapBridge].
    boolean isBridged() {
        return this == TAP || this == TAP_OFFLOAD;
    }

    /// What `jslirp serve --listen` is told.
    String listen(Path socket, int port) {
        return switch (this) {
            case USER, TAP, TAP_OFFLOAD -> throw new IllegalArgumentException("nobody listens for " + this);
            case STREAM_UNIX -> "stream:" + socket;
            case STREAM_TCP -> "stream:127.0.0.1:" + port;
            case DGRAM -> "dgram:" + socket;
            case VHOST_USER -> "vhost-user:" + socket;
        };
    }

    /// QEMU's side: options that define the network back end `net`. `guest` is unique among the guests of a network.
    List<String> arguments(Path socket, int port, int hostPort, int guest) {
        return switch (this) {
            case USER -> List.of("-netdev", "user,id=net,hostfwd=tcp:127.0.0.1:" + hostPort + "-:80");
            case STREAM_UNIX -> List.of("-netdev", "stream,id=net,server=off,addr.type=unix,addr.path=" + socket);
            case STREAM_TCP -> List.of("-netdev", "stream,id=net,server=off,addr.type=inet,addr.host=127.0.0.1,addr.port=" + port);
            case DGRAM -> List.of("-netdev", "dgram,id=net,local.type=unix,local.path=" + socket + '.' + guest
                    + ",remote.type=unix,remote.path=" + socket);
            // QEMU 7.2 in software emulation crashes when a vhost device starts with MSI-X, hence no vectors.
            case VHOST_USER -> List.of("-object", "memory-backend-memfd,id=memory,share=on,size=" + QemuGuest.MEMORY,
                    "-numa", "node,memdev=memory", "-chardev", "socket,id=peer,reconnect=1,path=" + socket,
                    "-netdev", "vhost-user,id=net,chardev=peer", "-global", "virtio-net-pci.vectors=0");
            case TAP, TAP_OFFLOAD -> List.of("-netdev", "tap,id=net,script=no,downscript=no,ifname=" + TapBridge.port(guest)
                    + ",vnet_hdr=" + (this == TAP ? "off" : "on"));
        };
    }
}
