package dev.jslirp.tap.linux;

import java.util.Arrays;
import java.util.List;

/// A program that does what callers of `jslirp attach --tap-fd` do: opens a TAP in its network namespace, and becomes a
/// command that inherits the descriptor, here as number 0.
///
/// Arguments: interface name, `vnet` or `plain`, the command.
final class TapOpener {
    private TapOpener() {}

    public static void main(String[] arguments) throws TapException {
        int tap = TapDevice.create(arguments[0], arguments[1].equals("vnet"));
        TapException.check(Libc.dup3(tap, 0, 0), "dup3");
        List<String> command = Arrays.asList(arguments).subList(2, arguments.length);
        throw new TapException("cannot become " + command, Processes.become(command).number(), "");
    }
}
