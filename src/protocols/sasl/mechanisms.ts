/** The SASL mechanisms that Waxwing knows, strongest first. */
export const saslMechanisms = ['SCRAM-SHA-256', 'PLAIN', 'LOGIN'] as const;

export type SaslMechanism = (typeof saslMechanisms)[number];
