package dev.jslirp.tap.host;

import dev.jslirp.host.HostFixture;
import dev.jslirp.host.HostListener;
import dev.jslirp.host.HostStreamContract;
import dev.jslirp.tap.linux.Errno;
import org.junit.jupiter.api.Test;

class LinuxStreamTest extends HostStreamContract {
    @Override
    protected HostFixture open() {
        return new LinuxHostFixture();
    }

    @Override
    protected void failAccept(HostListener listener) {
        ((LinuxListener) listener).onAcceptFailed(-Errno.EMFILE.number());
    }

    @Test
    void aResetAfterThePeersFinIsTold() throws Exception {
        peersResetAfterItsFinIsTold();
    }
}
