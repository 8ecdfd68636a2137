package dev.jslirp.tap;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.function.IntConsumer;

/// Takes over SIGHUP, SIGINT and SIGTERM from the virtual machine.
///
/// `sun.misc.Signal` is the only way Java offers and cannot be compiled against without warnings, hence by reflection.
final class Signals {
    private static final String[] NAMES = {"HUP", "INT", "TERM"};

    private Signals() {}

    /// Calls `handler` with the number of each such signal, on a thread of its own.
    static void handle(IntConsumer handler) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handlerType = Class.forName("sun.misc.SignalHandler");
            InvocationHandler forward = (proxy, method, arguments) -> switch (method.getName()) {
                case "handle" -> {
                    handler.accept((int) signal.getMethod("getNumber").invoke(arguments[0]));
                    yield null;
                }
                case "equals" -> proxy == arguments[0];
                case "hashCode" -> System.identityHashCode(proxy);
                default -> "jslirp";
            };
            Object proxy = Proxy.newProxyInstance(Signals.class.getClassLoader(), new Class<?>[] {handlerType}, forward);
            for (String name : NAMES) {
                signal.getMethod("handle", signal, handlerType).invoke(null, signal.getConstructor(String.class).newInstance(name), proxy);
            }
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("this Java has no sun.misc.Signal", e);
        }
    }
}
