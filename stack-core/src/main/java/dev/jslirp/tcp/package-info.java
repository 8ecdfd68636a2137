/// The RFC 9293 engine, guest side. Being written; see [dev.jslirp.tcp.TcpConnection].
package dev.jslirp.tcp;
