/** Which elements of a client are a login in clear, or hold a password, and whose. */
import type { GatewayEffect } from '../../wire/gateway-session.ts';
import { userShown } from '../sasl/user-shown.ts';
import { attributeOf, type Element } from './element.ts';
import { namespaces } from './stream.ts';

/** Logins before SASL (XEP-0078) and registration (XEP-0077): the password stands in a query. */
const PASSWORD_QUERIES: ReadonlySet<string> = new Set(['jabber:iq:auth', 'jabber:iq:register']);
/** Of a name of a user, for an event. */
const MAX_USER = 1024;

/** @returns undefined where the element is no login that shows anything. */
export function exposedBy(element: Element): Extract<GatewayEffect, { kind: 'exposed' }> | undefined {
  const { namespace, name, children } = element;
  if (namespace === namespaces.sasl && name === 'auth') return exposedByMessage(element, element.text);
  if (namespace === namespaces.sasl2 && name === 'authenticate') {
    const initial = childOf(element, namespaces.sasl2, 'initial-response');
    return exposedByMessage(element, initial?.text ?? '');
  }
  // Of a login that was refused: whoever goes on without waiting shows what is asked for next.
  if ((namespace === namespaces.sasl || namespace === namespaces.sasl2) && name === 'response')
    return element.text === '' ? undefined : { kind: 'exposed', user: null };
  const query = children.find((child) => PASSWORD_QUERIES.has(child.namespace) && child.name === 'query');
  if (query === undefined || (childOf(query, query.namespace, 'password')?.text ?? '') === '')
    return undefined;
  const user = childOf(query, query.namespace, 'username')?.text ?? '';
  return { kind: 'exposed', user: user === '' || Buffer.byteLength(user) > MAX_USER ? null : user };
}

/** @param message in base64; `=` is an empty one (RFC 6120 §6.4.2). */
function exposedByMessage(
  { attributes }: Element,
  message: string,
): Extract<GatewayEffect, { kind: 'exposed' }> | undefined {
  const mechanism = attributeOf(attributes, '', 'mechanism')?.toUpperCase() ?? '';
  if (message === '' || message === '=') return undefined;
  return { kind: 'exposed', user: userShown(mechanism, message) };
}

function childOf({ children }: Element, namespace: string, name: string): Element | undefined {
  return children.find((child) => child.namespace === namespace && child.name === name);
}
