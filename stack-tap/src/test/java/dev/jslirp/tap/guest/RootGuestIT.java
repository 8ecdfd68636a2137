package dev.jslirp.tap.guest;

/// [LinuxGuestTests] with the command run by root.
class RootGuestIT extends LinuxGuestTests {
    RootGuestIT() {
        super(Guest.Caller.ROOT);
    }
}
