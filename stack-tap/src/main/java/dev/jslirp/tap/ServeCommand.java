package dev.jslirp.tap;

import dev.jslirp.link.Link;
import dev.jslirp.service.Lease;
import dev.jslirp.tap.linux.EpollLoop;
import dev.jslirp.tap.vmm.ListenSpec;
import dev.jslirp.tap.vmm.VmmConfig;
import dev.jslirp.tap.vmm.VmmLink;
import dev.jslirp.time.Reactor;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/// `jslirp serve`: one network for the guests of virtual machine monitors.
@Command(name = "serve", mixinStandardHelpOptions = true, versionProvider = JslirpCommand.Version.class, sortOptions = false,
        defaultValueProvider = ServeCommand.Defaults.class,
        customSynopsis = "jslirp serve --listen SPEC [--listen SPEC...] [OPTIONS]",
        description = {
            "Waits for virtual machines at sockets and serves one network to all of them, until a signal comes. They may come, go, and",
            "come back. A DHCP client in each asks for its address."},
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {" 0:a signal asked to end, or the guest at stdio has gone", " 1:the network could not be set up", " 2:wrong arguments"},
        footerHeading = "%nExamples:%n",
        footer = {
            "  jslirp serve --listen stream:/tmp/net.sock",
            "  qemu-system-x86_64 ... -netdev stream,id=n,addr.type=unix,addr.path=/tmp/net.sock -device virtio-net,netdev=n",
            "",
            "  jslirp serve --listen dgram:/tmp/net.sock",
            "  qemu-system-x86_64 ... -netdev dgram,id=n,local.type=unix,local.path=/tmp/vm1.sock,remote.type=unix,remote.path=/tmp/net.sock",
            "",
            "  jslirp serve --listen vhost-user:/tmp/net.sock",
            "  qemu-system-x86_64 ... -object memory-backend-memfd,id=m,share=on,size=512M -numa node,memdev=m",
            "      -chardev socket,id=c,path=/tmp/net.sock,reconnect=1 -netdev vhost-user,id=n,chardev=c -device virtio-net-pci,netdev=n"})
final class ServeCommand implements Callable<Integer> {
    /// What virtual network cards take without having been told.
    private static final String MTU = "1500";

    /// Other defaults than those of the shared options.
    static final class Defaults implements IDefaultValueProvider {
        @Override
        public String defaultValue(ArgSpec argument) {
            return argument instanceof OptionSpec option && option.longestName().equals("--mtu") ? MTU : null;
        }
    }

    /// Reads `--listen`.
    static final class SpecConverter implements ITypeConverter<ListenSpec> {
        @Override
        public ListenSpec convert(String text) {
            try {
                return ListenSpec.parse(text);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }

    @Option(names = {"-l", "--listen"}, required = true, paramLabel = "SPEC", converter = SpecConverter.class, description = {
        "Where guests come; repeatable:",
        "stream:/PATH       unix socket; each frame behind its length (QEMU -netdev stream)",
        "stream:HOST:PORT   the same on TCP; HOST is an address",
        "dgram:/PATH        unix socket; a frame per datagram (QEMU -netdev dgram, unixgram)",
        "vhost-user:/PATH   a virtio-net device in shared memory (QEMU -netdev vhost-user)",
        "stdio              one guest at standard input and output, as on a stream"})
    private List<ListenSpec> listen = new ArrayList<>();

    @Option(names = "--guard", description = {
        "Hold each guest to one MAC address and to the address leased to it;",
        "it cannot pass for another guest, nor be a DHCP server."})
    private boolean guard;

    @Mixin
    private NetworkOptions options;

    private final List<ListenSpec> places = new ArrayList<>();
    private final CountDownLatch end = new CountDownLatch(1);

    @Override
    public Integer call() throws IOException, UsageException {
        options.check();
        try (Daemon daemon = new Daemon(options)) {
            Signals.handle(_ -> end.countDown());
            VmmConfig config = VmmConfig.of(options.addresses.mtu).withGuarded(guard);
            daemon.serve(new Switched(config));
            var plan = options.plan();
            Summary.print(options, "guests from " + plan.firstLease() + '/' + plan.prefixLength() + " by DHCP", daemon);
            if (!options.operation.quiet) {
                places.forEach(place -> System.err.println("jslirp: listening at " + place));
            }
            options.announceReady();
            options.onExit(end::countDown);
            end.await();
            return 0;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    /// The link that all guests share.
    private final class Switched implements Daemon.LinkSource {
        private final VmmConfig config;
        private VmmLink link;

        Switched(VmmConfig config) {
            this.config = config;
        }

        @Override
        public Link open(EpollLoop loop, Reactor reactor, ByteBufAllocator allocator) throws IOException {
            link = new VmmLink(config, options.plan(), loop, reactor, new SecureRandom(), allocator, end::countDown);
            try {
                for (ListenSpec spec : listen) {
                    places.add(link.listen(spec));
                }
                return link;
            } catch (IOException | RuntimeException e) {
                link.close();
                throw e;
            }
        }

        @Override
        public void onLease(Lease lease) {
            link.lease(lease.mac(), lease.address());
        }

        @Override
        public String report() {
            return link.report();
        }
    }
}
