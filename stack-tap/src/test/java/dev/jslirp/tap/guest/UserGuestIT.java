package dev.jslirp.tap.guest;

/// [LinuxGuestTests] with the command run by an ordinary user.
class UserGuestIT extends LinuxGuestTests {
    UserGuestIT() {
        super(Guest.Caller.USER);
    }
}
