package dev.jslirp.tap.guest;

import dev.jslirp.tap.linux.UnixDatagramClient;
import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/// The formats of links, from the monitor's side.
final class Transports {
    private static final int BUFFER_BYTES = 1 << 18;
    private static final int WAIT_MS = 100;

    private Transports() {}

    /// Frames behind their lengths on a socket.
    static VmmGuest.Transport stream(SocketAddress to) throws IOException {
        SocketChannel socket = SocketChannel.open(to);
        return new Stream(Channels.newInputStream(socket), socket, socket);
    }

    /// The same on a process's standard input and output.
    static VmmGuest.Transport stdio(Process process) {
        return new Stream(process.getInputStream(), Channels.newChannel(process.getOutputStream()), process.getOutputStream());
    }

    private record Stream(DataInputStream in, WritableByteChannel out, Closeable end) implements VmmGuest.Transport {
        Stream(InputStream in, WritableByteChannel out, Closeable end) {
            this(new DataInputStream(new BufferedInputStream(in, BUFFER_BYTES)), out, end);
        }

        @Override
        public void send(ByteBuffer frame) throws IOException {
            frame.putInt(0, frame.remaining()).position(0);
            while (frame.hasRemaining()) {
                out.write(frame);
            }
            if (end instanceof OutputStream stream) {
                stream.flush();
            }
        }

        @Override
        public boolean receive(ByteBuffer frame) throws IOException {
            try {
                byte[] bytes = new byte[in.readInt()];
                in.readFully(bytes);
                frame.put(bytes);
                return true;
            } catch (EOFException e) {
                return false;
            }
        }

        @Override
        public void close() throws IOException {
            end.close();
        }
    }

    /// A frame per datagram.
    ///
    /// @param connected whether the monitor has connected its socket, as vfkit does
    static VmmGuest.Transport datagrams(Path local, Path server, boolean connected) throws IOException {
        return new Datagrams(new UnixDatagramClient(local, server, connected), local);
    }

    private static final class Datagrams implements VmmGuest.Transport {
        private static final int AGAIN = 11;

        private final UnixDatagramClient client;
        private final Path local;
        private volatile boolean closed;

        Datagrams(UnixDatagramClient client, Path local) {
            this.client = client;
            this.local = local;
        }

        @Override
        public void send(ByteBuffer frame) throws IOException {
            byte[] bytes = new byte[frame.remaining()];
            frame.get(bytes);
            while (!closed && client.send(bytes) == AGAIN) {
                Thread.onSpinWait();
            }
        }

        @Override
        public boolean receive(ByteBuffer frame) {
            while (!closed) {
                byte[] bytes = client.receive(WAIT_MS);
                if (bytes != null) {
                    frame.put(bytes);
                    return true;
                }
            }
            client.close();
            return false;
        }

        /// The receiving thread sees it, and closes the socket.
        @Override
        public void close() throws IOException {
            closed = true;
            Files.deleteIfExists(local);
        }
    }
}
