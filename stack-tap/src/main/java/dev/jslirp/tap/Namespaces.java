package dev.jslirp.tap;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Why namespaces are not to be had: looks where the kernel's switches are.
final class Namespaces {
    private static final String CANNOT = "cannot create a user namespace";

    private Namespaces() {}

    /// One line, after `unshare` has failed.
    static String whyUnshareFailed() {
        if (read("/proc/sys/user/max_user_namespaces").equals("0")) {
            return CANNOT + ": none are permitted (as root: sysctl -w user.max_user_namespaces=10000)";
        }
        if (read("/proc/sys/kernel/unprivileged_userns_clone").equals("0")) {
            return CANNOT + ": only root may (as root: sysctl -w kernel.unprivileged_userns_clone=1)";
        }
        if (read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns").equals("1")) {
            return CANNOT + ": AppArmor forbids it (as root: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0)";
        }
        return CANNOT + ", see the line above (in a container, its seccomp profile may forbid unshare)";
    }

    private static String read(String file) {
        try {
            return Files.readString(Path.of(file)).strip();
        } catch (IOException e) {
            return "";
        }
    }
}
