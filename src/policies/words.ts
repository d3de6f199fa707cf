/** The words of a TLS decision, used alike by rules, deliveries, events and reports. */

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = number;

/** What an operator writes in a rule. */
export type TlsLevel = 'off' | 'may' | 'encrypt' | 'authenticate';

/** What a delivery must reach on the handshake; `off` and `may` both ask for nothing. */
export type Requirement = 'none' | 'encrypt' | 'authenticate';

/** Who decided. The strictest layer wins and is named. */
export type Layer = 'override' | 'message' | 'dane' | 'sts' | 'list' | 'memory' | 'default';

/** How a message travelled. */
export type TlsOutcome = 'authenticated' | 'encrypted' | 'cleartext';
