package dev.jslirp.nat;

import java.io.IOException;
import java.util.List;

/// Placeholder: the forwards of one network.
public final class PortForwards {
    /// Begins to forward. In-loop.
    ///
    /// @return the rule as bound (port 0 replaced by the port the host chose)
    /// @throws IOException if the host address cannot be bound; the message names rule and cause
    public PortForward add(PortForward rule) throws IOException {
        return rule;
    }

    /// Stops listening; flows already open live on. @return whether the rule existed
    public boolean remove(PortForward rule) {
        return false;
    }

    /// The rules in force.
    public List<PortForward> list() {
        return List.of();
    }
}
