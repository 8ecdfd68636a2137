/// Being written.
package dev.jslirp.nat;
