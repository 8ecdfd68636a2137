package dev.jslirp.tap.guest;

import dev.jslirp.tap.linux.GatherList;
import dev.jslirp.tap.linux.Processes;
import dev.jslirp.tap.linux.TapDevice;
import dev.jslirp.tap.linux.TapException;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/// What stands for a virtual machine and its monitor: a network namespace with a TAP, whose frames threads of this process carry to and
/// from a link of `jslirp serve`. So Linux itself is the guest.
final class VmmGuest implements AutoCloseable {
    /// A monitor's side of a link.
    interface Transport extends Closeable {
        /// Sends the frame at position 4 to the limit; the first four bytes may be used.
        void send(ByteBuffer frame) throws IOException;

        /// Fills `frame` with one frame from position 0 on; false at the end.
        boolean receive(ByteBuffer frame) throws IOException;
    }

    private static final int CAPACITY = 70_000;
    /// EBADFD: the interface was deleted.
    private static final int TAP_GONE = 77;

    private final String namespace;
    private final TapDevice tap;
    private final Thread outward;
    private volatile Transport transport;
    private volatile boolean reading = true;
    private Thread inward;

    /// A machine without a link yet. `number` tells guests of one test apart.
    VmmGuest(int number, int mtuBytes) {
        namespace = "jslirp-vm-" + ProcessHandle.current().pid() + "-" + number;
        Shell.run(10, "ip", "netns", "add", namespace).ok();
        tap = openTap();
        ip("link", "set", "tap0", "address", "52:54:00:00:00:0" + number, "mtu", Integer.toString(mtuBytes), "up");
        ip("link", "set", "lo", "up");
        outward = Thread.ofPlatform().daemon().name("vm-out-" + number).start(this::carryOut);
    }

    private TapDevice openTap() {
        FutureTask<TapDevice> task = new FutureTask<>(() -> {
            Processes.enterNetworkNamespace(Path.of("/run/netns", namespace));
            return TapDevice.adopt(TapDevice.create("tap0", false));
        });
        Thread.ofPlatform().start(task);
        try {
            return task.get();
        } catch (InterruptedException | ExecutionException e) {
            throw new AssertionError(e);
        }
    }

    private void ip(String... arguments) {
        List<String> command = new ArrayList<>(List.of("ip", "-n", namespace));
        command.addAll(List.of(arguments));
        Shell.run(10, command).ok();
    }

    /// Sets address and default route by hand.
    VmmGuest configure(String address) {
        ip("addr", "add", address + "/24", "dev", "tap0");
        ip("route", "add", "default", "via", "10.0.2.2");
        return this;
    }

    /// Plugs the machine in.
    VmmGuest connect(Transport newTransport) {
        transport = newTransport;
        inward = Thread.ofPlatform().daemon().name("vm-in").start(() -> carryIn(newTransport));
        return this;
    }

    /// Pulls the plug.
    void disconnect() {
        Transport old = transport;
        transport = null;
        try {
            old.close();
            inward.join();
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /// From now on the monitor does or does not take frames from the link.
    void reading(boolean reads) {
        reading = reads;
    }

    private void carryOut() {
        ByteBuffer frame = ByteBuffer.allocateDirect(CAPACITY);
        long address = MemorySegment.ofBuffer(frame).address() + Integer.BYTES;
        while (true) {
            Processes.awaitInput(tap.fd());
            int length = tap.read(address, CAPACITY - Integer.BYTES);
            Transport to = transport;
            if (length == -TAP_GONE) {
                return;
            }
            if (length > 0 && to != null) {
                try {
                    to.send(frame.position(Integer.BYTES).limit(Integer.BYTES + length));
                } catch (IOException e) {
                    // The link is gone: frames are lost until there is another.
                }
                frame.clear();
            }
        }
    }

    private void carryIn(Transport from) {
        ByteBuffer frame = ByteBuffer.allocateDirect(CAPACITY);
        long address = MemorySegment.ofBuffer(frame).address();
        try (GatherList gather = new GatherList(1)) {
            while (from.receive(frame.clear())) {
                while (!reading) {
                    Thread.onSpinWait();
                }
                gather.clear();
                gather.add(address, frame.position());
                tap.write(gather);
            }
        } catch (IOException e) {
            // The link is gone.
        }
    }

    /// Runs a shell script in the machine.
    Shell.Result sh(int seconds, String script) {
        return Shell.run(seconds, inside(script));
    }

    /// The command line that runs a shell script in the machine.
    List<String> inside(String script) {
        return List.of("ip", "netns", "exec", namespace, "sh", "-c", script);
    }

    @Override
    public void close() throws TapException {
        if (transport != null) {
            reading = true;
            disconnect();
        }
        Shell.run(10, "ip", "-n", namespace, "link", "del", "tap0");
        try {
            outward.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        tap.close();
        Shell.run(10, "ip", "netns", "del", namespace).ok();
    }
}
