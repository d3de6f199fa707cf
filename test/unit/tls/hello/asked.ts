/** The hellos to which the recorded flights are answers, by name. */

import type { Ingredients } from '../../../../src/tls/hello/offers.ts';
import * as ask from '../../../../src/tls/hello/questions.ts';
import { suiteClasses } from '../../../../src/tls/hello/suites.ts';
import { SSL_3, TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3 } from '../../../../src/tls/hello/versions.ts';

export const ingredients: Ingredients = {
  random: Uint8Array.from({ length: 32 }, (_, at) => at + 1),
  serverName: 'mx.example.test',
};

const weak = ask.weakFirstQuestion(ingredients);

export const asked: ReadonlyMap<string, ask.Question> = new Map(
  Object.entries({
    retry: ask.retryQuestion(ingredients),
    weak,
    'weak with status': extended(weak, { statusRequest: true }),
    'weak with ALPN': extended(weak, { alpn: ['smtp', 'imap'] }),
    'TLS 1.1': ask.legacyQuestion(ingredients, TLS_1_1),
    'TLS 1.0': ask.legacyQuestion(ingredients, TLS_1_0),
    'SSL 3.0': ask.legacyQuestion(ingredients, SSL_3),
    'SSL 2.0': ask.sslv2Question(ingredients.random.subarray(0, 16)),
    rsa: ask.keyQuestion(ingredients, 'rsa'),
    ecdsa: ask.keyQuestion(ingredients, 'ecdsa'),
    primes: ask.primeQuestion(ingredients),
    large: ask.largeQuestion(ingredients),
    fallback: ask.fallbackQuestion(ingredients),
    compression: ask.compressionQuestion(ingredients),
    ...Object.fromEntries(
      suiteClasses.flatMap((name) =>
        name === 'secret' ? [] : [[`only ${name}`, ask.classQuestion(ingredients, name)]],
      ),
    ),
    ...Object.fromEntries(
      [TLS_1_2, TLS_1_3].flatMap((version) => {
        const question = ask.remainingQuestion(ingredients, version, new Set());
        return question === undefined
          ? []
          : [[version === TLS_1_3 ? 'all of TLS 1.3' : 'all of TLS 1.2', question]];
      }),
    ),
  }),
);

function extended(
  question: ask.Question,
  more: { statusRequest?: boolean; alpn?: readonly string[] },
): ask.Question {
  const { offer } = question;
  return offer.kind === 'tls' ? { ...question, offer: { ...offer, ...more } } : question;
}
