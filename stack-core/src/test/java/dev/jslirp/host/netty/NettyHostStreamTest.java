package dev.jslirp.host.netty;

import dev.jslirp.host.HostFixture;
import dev.jslirp.host.HostListener;
import dev.jslirp.host.HostStreamContract;
import java.io.IOException;

class NettyHostStreamTest extends HostStreamContract {
    @Override
    protected HostFixture open() {
        return new NettyHostFixture();
    }

    @Override
    protected void failAccept(HostListener listener) {
        ((NettyHostListener) listener).onAcceptFailed(new IOException("Too many open files"));
    }
}
