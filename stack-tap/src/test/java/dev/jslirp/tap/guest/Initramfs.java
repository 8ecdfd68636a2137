package dev.jslirp.tap.guest;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;

/// The first and only file system of a QEMU guest: busybox, the modules of a virtio-net card, and an `init` that runs
/// the commands it reads from the console. Written as a "newc" cpio archive
/// (Documentation/driver-api/early-userspace/buffer-format.rst of Linux).
final class Initramfs {
    private static final int DIRECTORY = 0040755;
    private static final int PROGRAM = 0100755;
    private static final int CHARACTER_DEVICE = 0020600;
    private static final int CONSOLE_MAJOR = 5;
    private static final int CONSOLE_MINOR = 1;

    /// Answers each line `ID BASE64` with `@begin ID STATUS`, the output in Base64, and `@end ID`, so that neither echo nor
    /// a message of the kernel passes for output.
    private static final String INIT = """
            #!/bin/busybox sh
            /bin/busybox --install -s /bin
            export PATH=/bin HOME=/
            mount -t proc none /proc; mount -t sysfs none /sys; mount -t devtmpfs none /dev; mount -t tmpfs -o size=90% none /tmp
            while read -r module; do insmod "/modules/$module"; done < /modules/order
            dmesg -n 1
            stty -echo
            ip link set lo up
            echo @ready
            while read -r id text; do
              echo "$text" | base64 -d > /tmp/.command
              sh /tmp/.command > /tmp/.output 2>&1 < /dev/null
              echo "@begin $id $?"; base64 /tmp/.output; echo "@end $id"
            done
            """;

    /// What udhcpc calls; prints the lease and applies it.
    private static final String UDHCPC = """
            #!/bin/sh
            [ "$1" = bound ] || [ "$1" = renew ] || exit 0
            ip addr flush dev "$interface"
            ip addr add "$ip/$mask" dev "$interface"
            [ -z "$router" ] || ip route replace default via "$router"
            echo "nameserver $dns" > /etc/resolv.conf
            echo "lease $ip/$mask router $router dns $dns"
            """;

    private final ByteArrayOutputStream archive = new ByteArrayOutputStream(8 << 20);
    private int inode;

    private Initramfs() {}

    /// Writes the archive for the kernel whose package was unpacked at `linux`.
    static void write(Path linux, Path file) throws IOException {
        Initramfs image = new Initramfs();
        for (String directory : new String[] {"bin", "dev", "etc", "modules", "proc", "sys", "tmp"}) {
            image.entry(directory, DIRECTORY, 0, 0, new byte[0]);
        }
        image.entry("dev/console", CHARACTER_DEVICE, CONSOLE_MAJOR, CONSOLE_MINOR, new byte[0]);
        image.program("bin/busybox", Files.readAllBytes(Path.of("/bin/busybox")));
        image.program("init", INIT.getBytes(StandardCharsets.US_ASCII));
        image.program("etc/udhcpc.script", UDHCPC.getBytes(StandardCharsets.US_ASCII));
        Map<String, byte[]> modules = new LinkedHashMap<>();
        for (String name : new String[] {"virtio_pci", "virtio_net"}) {
            addModule(linux, name, modules);
        }
        for (Map.Entry<String, byte[]> module : modules.entrySet()) {
            image.program("modules/" + module.getKey(), module.getValue());
        }
        image.program("modules/order", (String.join("\n", modules.keySet()) + "\n").getBytes(StandardCharsets.US_ASCII));
        image.entry("TRAILER!!!", 0, 0, 0, new byte[0]);
        Files.write(file, image.archive.toByteArray());
    }

    /// Adds a module behind those it needs. One that the kernel has built in is not a file, and not needed.
    private static void addModule(Path linux, String name, Map<String, byte[]> modules) throws IOException {
        Path path;
        try (Stream<Path> files = Files.walk(linux.resolve("lib/modules"))) {
            path = files.filter(file -> file.getFileName().toString().equals(name + ".ko")).findFirst().orElse(null);
        }
        if (path == null || modules.containsKey(name)) {
            return;
        }
        byte[] module = Files.readAllBytes(path);
        for (String needed : needs(module)) {
            addModule(linux, needed, modules);
        }
        modules.put(name, module);
    }

    /// The field `depends` of the module's section `.modinfo`.
    private static String[] needs(byte[] module) {
        String text = new String(module, StandardCharsets.ISO_8859_1);
        int start = text.indexOf("\0depends=") + "\0depends=".length();
        String list = text.substring(start, text.indexOf('\0', start));
        return list.isEmpty() ? new String[0] : list.split(",");
    }

    private void program(String name, byte[] content) {
        entry(name, PROGRAM, 0, 0, content);
    }

    private void entry(String name, int mode, int major, int minor, byte[] content) {
        int[] fields = {++inode, mode, 0, 0, 1, 0, content.length, 0, 0, major, minor, name.length() + 1, 0};
        StringBuilder header = new StringBuilder("070701");
        for (int field : fields) {
            header.append(String.format("%08x", field));
        }
        archive.writeBytes(header.append(name).append('\0').toString().getBytes(StandardCharsets.US_ASCII));
        pad();
        archive.writeBytes(content);
        pad();
    }

    private void pad() {
        while (archive.size() % 4 != 0) {
            archive.write(0);
        }
    }
}
