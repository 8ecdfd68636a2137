package dev.jslirp.tap.vmm;

import dev.jslirp.lan.PortDrop;
import dev.jslirp.lan.SwitchPort;
import dev.jslirp.lan.VirtualSwitch;

/// What a switch and its ports have counted, as text for people.
final class PortReport {
    private PortReport() {}

    /// What passed one port, and what was dropped there and why.
    static String of(SwitchPort port) {
        StringBuilder text = new StringBuilder();
        text.append("from it ").append(port.framesFromGuest()).append(" frames, ").append(port.bytesFromGuest()).append(" bytes; to it ")
                .append(port.framesToGuest()).append(" frames, ").append(port.bytesToGuest()).append(" bytes; no room for ")
                .append(port.linkDropped());
        for (PortDrop reason : PortDrop.values()) {
            if (port.dropped(reason) != 0) {
                text.append("; ").append(reason).append(' ').append(port.dropped(reason));
            }
        }
        return text.toString();
    }

    /// Everything that has moved, a line for each counter and for each port there is.
    ///
    /// @param refusedDatagrams that came from nobody who could be a guest
    static String of(VirtualSwitch lan, long refusedDatagrams) {
        StringBuilder text = new StringBuilder();
        for (PortDrop reason : PortDrop.values()) {
            append(text, "SWITCH_" + reason, lan.dropped(reason));
        }
        append(text, "SWITCH_PORTS_REFUSED", lan.portsRefused());
        append(text, "SWITCH_MAC_LIMITS", lan.macLimits());
        append(text, "SWITCH_LEASE_LIMITS", lan.leaseLimits());
        append(text, "DATAGRAMS_REFUSED", refusedDatagrams);
        for (SwitchPort port : lan.ports()) {
            text.append("  ").append(port.name()).append(": ").append(of(port)).append('\n');
        }
        return text.toString();
    }

    private static void append(StringBuilder text, String name, long value) {
        if (value != 0) {
            text.append("  ").append(name).append(' ').append(value).append('\n');
        }
    }
}
