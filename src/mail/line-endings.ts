/** Line endings of content that did not come over the wire. RFC 5321 §2.3.8: CR and LF only together, as CRLF. */

/** Text as files hold it (LF, CRLF or CR) becomes lines that end in CRLF, the last one included. */
export function withCrlf(content: Uint8Array): Buffer {
  const text = Buffer.from(content.buffer, content.byteOffset, content.length).toString('latin1');
  const lines = text.replace(/\r\n|\r|\n/g, '\r\n');
  return Buffer.from(lines === '' || lines.endsWith('\r\n') ? lines : `${lines}\r\n`, 'latin1');
}
