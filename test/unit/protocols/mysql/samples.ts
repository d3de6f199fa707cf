/** Messages of MySQL 8.0, by its documentation. */

/** The payload of a greeting that offers TLS and caching_sha2_password. */
export const mysqlGreeting: Buffer = Buffer.concat([
  Buffer.from('\x0a8.0.36\0\x11\0\0\0abcdefgh\0', 'latin1'),
  // Flags 0x0108aa0d in two halves, with collation and status between them, and the length of the challenge.
  Buffer.from([0x0d, 0xaa, 0x2d, 0x02, 0x00, 0x08, 0x01, 0x15]),
  Buffer.alloc(10),
  Buffer.from('ijklmnopqrst\0caching_sha2_password\0', 'latin1'),
]);
