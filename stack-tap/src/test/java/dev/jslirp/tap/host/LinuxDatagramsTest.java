package dev.jslirp.tap.host;

import dev.jslirp.host.HostDatagramsContract;
import dev.jslirp.host.HostFixture;

class LinuxDatagramsTest extends HostDatagramsContract {
    @Override
    protected HostFixture open() {
        return new LinuxHostFixture();
    }
}
