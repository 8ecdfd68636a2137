package dev.jslirp.tap;

import dev.jslirp.tap.linux.Processes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.LockSupport;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `jslirp attach`: serves a namespace that exists, or a TAP someone else has opened.
@Command(name = "attach", mixinStandardHelpOptions = true, versionProvider = JslirpCommand.Version.class, sortOptions = false,
        customSynopsis = "jslirp attach [OPTIONS] (PID | --netns PATH | --tap-fd N)",
        description = {
            "Creates a TAP in the network namespace of process PID or at PATH, or takes the TAP descriptor N, and serves that network",
            "until the process or namespace is gone, or a signal comes."},
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {" 0:the namespace is gone, or a signal asked to end", " 1:the network could not be set up", " 2:wrong arguments"},
        footerHeading = "%nExamples:%n",
        footer = {
            "  unshare -Urn sleep infinity &  jslirp attach --configure $!",
            "  jslirp attach --netns /run/netns/blue        (as root; a DHCP client inside asks for the address)",
            "  jslirp attach --tap-fd 3 3<>/dev/net/tun      (opened and set up by the caller)"})
final class AttachCommand implements Callable<Integer> {
    /// Exactly one of them.
    static final class Target {
        @Parameters(index = "0", arity = "1", paramLabel = "PID", description = "A process in the namespace.")
        private Long pid;
        @Option(names = "--netns", required = true, paramLabel = "PATH", description = "A network namespace by its file.")
        private Path netns;
        @Option(names = "--tap-fd", required = true, paramLabel = "N",
                description = "An inherited TAP descriptor, with or without virtio-net header; --mtu must be that of its interface.")
        private Integer tapFd;
    }

    @ArgGroup(exclusive = true, multiplicity = "1")
    private Target target;

    @Mixin
    private NetworkOptions options;
    @Mixin
    private TapOptions tap;

    @Option(names = {"-c", "--configure"},
            description = "Configure address and default route inside (default: leave it to a DHCP client).")
    private boolean configure;

    private final CountDownLatch end = new CountDownLatch(1);

    @Override
    public Integer call() throws IOException, UsageException {
        options.check();
        tap.check(options, target.tapFd != null);
        GuestSetup setup = tap.setup(options, configure, target.tapFd != null);
        try (Daemon daemon = new Daemon(options)) {
            GuestDescriptors made = openTap(setup);
            Signals.handle(_ -> end.countDown());
            daemon.serveTap(made, setup.mtuBytes(), () -> {
                Summary.printGone(setup);
                end.countDown();
            });
            Summary.print(options, Summary.guest(setup, options.plan()), daemon);
            options.announceReady();
            watch();
            end.await();
            return 0;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private GuestDescriptors openTap(GuestSetup setup) throws IOException, UsageException {
        if (target.tapFd != null) {
            if (!Processes.isOpen(target.tapFd)) {
                throw new UsageException(UsageException.SETUP, "--tap-fd " + target.tapFd + ": no such descriptor is open");
            }
            return new GuestDescriptors(new int[] {target.tapFd});
        }
        if (target.pid != null && !Files.exists(Path.of("/proc", target.pid.toString()))) {
            throw new UsageException(UsageException.SETUP, "there is no process " + target.pid);
        }
        if (Processes.effectiveUser() == 0) {
            return createInside(namespaceFile(), setup);
        }
        if (target.pid == null) {
            throw new UsageException(UsageException.SETUP,
                    "cannot enter " + target.netns + ": only root may enter a namespace by its file (name a process in it instead)");
        }
        return createByBridge(setup);
    }

    private Path namespaceFile() {
        return target.pid != null ? Path.of("/proc", target.pid.toString(), "ns", "net") : target.netns;
    }

    /// On a thread that enters the namespace and ends there.
    private static GuestDescriptors createInside(Path namespace, GuestSetup setup) throws IOException {
        FutureTask<GuestDescriptors> task = new FutureTask<>(() -> {
            Processes.enterNetworkNamespace(namespace);
            return setup.create();
        });
        Thread.ofPlatform().daemon().name("jslirp-setns").start(task);
        try {
            return task.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException io) {
                throw io;
            }
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private GuestDescriptors createByBridge(GuestSetup setup) throws IOException, UsageException {
        List<String> enter = List.of("nsenter", "--target", target.pid.toString(), "--user", "--net", "--preserve-credentials", "--");
        try (BridgeProcess bridge = BridgeProcess.start(enter, setup, null, List.of())) {
            GuestDescriptors made = bridge.receive(setup);
            if (made == null) {
                throw new UsageException(UsageException.SETUP, "cannot enter the namespaces of process " + target.pid
                        + ", see the line above (they must be yours)");
            }
            return made;
        }
    }

    /// Ends when what is served goes away: the open TAP would keep the namespace alive forever.
    private void watch() {
        options.onExit(end::countDown);
        if (target.pid != null) {
            ProcessHandle.of(target.pid).ifPresentOrElse(process -> process.onExit().thenRun(end::countDown), end::countDown);
        } else if (target.netns != null) {
            Thread.ofPlatform().daemon().name("jslirp-watch").start(() -> {
                awaitDeletion(target.netns);
                end.countDown();
            });
        }
    }

    private static void awaitDeletion(Path file) {
        try (var watcher = file.getFileSystem().newWatchService()) {
            file.toAbsolutePath().getParent().register(watcher, StandardWatchEventKinds.ENTRY_DELETE);
            while (Files.exists(file)) {
                watcher.take().reset();
            }
        } catch (IOException | InterruptedException e) {
            // /proc and the like cannot be watched: then only a signal ends the service.
            LockSupport.park();
        }
    }
}
