/** The forms in which a secret could lie in a file: as text, reversed, hexadecimal, base64 and for URLs. */
export function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret)
  // Base64 of a longer text has the secret in one of three forms. Its ends depend on the neighbours.
  const base64 = [0, 1, 2].map(before =>
    Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .slice(4, -4),
  )
  return [
    secret,
    secret.split('').toReversed().join(''),
    bytes.toString('hex'),
    bytes.toString('utf16le'),
    encodeURIComponent(secret),
    ...base64,
    ...base64.map(text => text.replaceAll('+', '-').replaceAll('/', '_')),
  ]
}

/** The secrets that are in these bytes in any form, by their names. */
export function findSecrets(bytes: Buffer, secrets: ReadonlyMap<string, string>): string[] {
  return [...secrets]
    .filter(([, secret]) => formsOf(secret).some(form => bytes.includes(form)))
    .map(([name]) => name)
}
