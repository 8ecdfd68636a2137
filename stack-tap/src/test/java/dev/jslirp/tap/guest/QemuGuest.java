package dev.jslirp.tap.guest;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/// A Linux virtual machine in QEMU, emulated in software, with one virtio-net card. It boots within seconds from an
/// [Initramfs]; its serial console carries shell commands.
final class QemuGuest implements AutoCloseable {
    /// Where the kernel's package is unpacked; `.ci/run` puts it there.
    private static final Path LINUX = Path.of(System.getProperty("jslirp.it.linux",
            System.getProperty("user.home") + "/.cache/jslirp/linux"));
    private static final String QEMU = "qemu-system-x86_64";
    private static final int BOOT_SECONDS = 120;
    static final String MEMORY = "384M";

    private final Process qemu;
    private final Path qmp;
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    private final StringBuilder console = new StringBuilder();
    private int lastId;

    /// Boots a guest. `number` tells the guests of a test apart; `enter` is the command that runs QEMU, empty for none; `network` defines
    /// the back end `net`.
    QemuGuest(Path scratch, int number, List<String> enter, List<String> network) {
        try {
            Path initramfs = scratch.resolve("initramfs.cpio");
            if (!Files.exists(initramfs)) {
                Initramfs.write(LINUX, initramfs);
            }
            qmp = scratch.resolve("qmp-" + System.nanoTime());
            List<String> command = new ArrayList<>(enter);
            command.addAll(List.of(QEMU, "-accel", "tcg", "-nodefaults", "-no-user-config", "-no-reboot",
                    "-display", "none", "-serial", "stdio", "-qmp", "unix:" + qmp + ",server=on,wait=off",
                    "-machine", "pc", "-m", MEMORY,
                    "-kernel", kernel().toString(), "-initrd", initramfs.toString(),
                    "-append", "console=ttyS0 quiet panic=-1 mitigations=off"));
            command.addAll(network);
            command.addAll(List.of("-device", card(number)));
            qemu = new ProcessBuilder(command).redirectErrorStream(true).start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Thread.startVirtualThread(this::read);
        try {
            awaitLine("@ready", BOOT_SECONDS, "the guest's start");
        } catch (AssertionError e) {
            qemu.destroyForcibly();
            throw e;
        }
    }

    private static String card(int number) {
        return "virtio-net-pci,id=card,netdev=net,romfile=,mac=" + mac(number);
    }

    static String mac(int number) {
        return String.format("52:54:00:12:34:%02x", number);
    }

    /// Skips the caller, or fails it where integration tests are required, unless guests can be had here.
    static void require() {
        Installation.require();
        boolean found = Files.isDirectory(LINUX.resolve("boot")) && Shell.run(5, "sh", "-c", "command -v " + QEMU).status() == 0;
        if (!found && Boolean.getBoolean("jslirp.it.required")) {
            throw new AssertionError("integration tests are required, but there is no " + QEMU + " or no kernel at " + LINUX);
        }
        Assumptions.assumeTrue(found, () -> "needs " + QEMU + " and a kernel at " + LINUX);
    }

    private static Path kernel() throws IOException {
        try (var files = Files.list(LINUX.resolve("boot"))) {
            return files.filter(file -> file.getFileName().toString().startsWith("vmlinuz")).findFirst().orElseThrow();
        }
    }

    /// Runs a shell script in the guest; its output and its errors come together. Fails after `seconds` (a guard, not a measurement).
    Shell.Result sh(int seconds, String script) {
        String id = Integer.toString(++lastId);
        try {
            var input = qemu.getOutputStream();
            String base64 = Base64.getEncoder().encodeToString(script.getBytes(StandardCharsets.UTF_8));
            input.write((id + ' ' + base64 + '\n').getBytes(StandardCharsets.US_ASCII));
            input.flush();
        } catch (IOException e) {
            throw new AssertionError("the guest's console is closed\n" + console(), e);
        }
        String begin = awaitLine("@begin " + id + ' ', seconds, script);
        int status = Integer.parseInt(begin.substring(begin.lastIndexOf(' ') + 1));
        StringBuilder text = new StringBuilder();
        for (String line = nextLine(seconds, script); !line.equals("@end " + id); line = nextLine(seconds, script)) {
            text.append(line);
        }
        String output = new String(Base64.getDecoder().decode(text.toString()), StandardCharsets.UTF_8);
        return new Shell.Result(List.of(script), status, output, "");
    }

    /// Waits for the card, asks for a lease and configures the card with it.
    Shell.Result dhcp() {
        return sh(60, "until [ -e /sys/class/net/eth0 ]; do usleep 50000; done; "
                + "ip link set eth0 up && udhcpc -i eth0 -n -q -f -s /etc/udhcpc.script");
    }

    /// Sends the `length` bytes that the script `source` prints to [ByteServer]'s `/sum`, and returns the answer.
    String upload(int seconds, String source, long length, String host, int port) {
        String head = "PUT /sum HTTP/1.0\\r\\nHost: x\\r\\nContent-Length: " + length + "\\r\\n\\r\\n";
        String answer = sh(seconds, "(printf '" + head + "'; " + source + ") | nc " + host + ' ' + port).ok().out();
        return answer.substring(answer.lastIndexOf('\n') + 1);
    }

    /// Takes the card out, replaces what is behind it by `network`, a QMP command, and plugs the card in again.
    void replug(int number, String network) {
        try (QmpClient client = new QmpClient(qmp)) {
            client.execute("{'execute':'device_del','arguments':{'id':'card'}}");
            client.await("DEVICE_DELETED");
            client.execute("{'execute':'netdev_del','arguments':{'id':'net'}}");
            client.execute(network);
            client.execute("{'execute':'device_add','arguments':{"
                    + "'driver':'virtio-net-pci','id':'card','netdev':'net','mac':'" + mac(number) + "'}}");
        } catch (IOException e) {
            throw new AssertionError("QEMU's monitor: " + e + '\n' + console(), e);
        }
    }

    private String awaitLine(String prefix, int seconds, String what) {
        String line;
        do {
            line = nextLine(seconds, what);
        } while (!line.startsWith(prefix));
        return line;
    }

    private String nextLine(int seconds, String what) {
        try {
            String line = lines.poll(seconds, TimeUnit.SECONDS);
            if (line == null) {
                throw new AssertionError("nothing for " + seconds + " s from the guest for: " + what + "\n--- console\n" + console());
            }
            return line;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }

    private void read() {
        try (BufferedReader reader = new BufferedReader(new InputStreamReader(qemu.getInputStream(), StandardCharsets.ISO_8859_1))) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                synchronized (console) {
                    console.append(line).append('\n');
                }
                lines.add(line.strip());
            }
        } catch (IOException _) {
            // QEMU has ended.
        }
    }

    /// Everything the guest and QEMU have printed.
    String console() {
        synchronized (console) {
            return console.toString();
        }
    }

    @Override
    public void close() {
        qemu.destroy();
        try {
            if (!qemu.waitFor(20, TimeUnit.SECONDS)) {
                qemu.destroyForcibly();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
