/// Being written.
package dev.jslirp.service;
