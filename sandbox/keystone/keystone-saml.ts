import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto'

/** What an identity provider asserts about a user, with Keystone's attribute names. */
export interface Assertion {
  readonly id: string
  /** Entity id of the identity provider. */
  readonly issuer: string
  /** The URL that the assertion is for. */
  readonly recipient: string
  readonly user: string
  readonly project: string
  readonly roles: readonly string[]
  readonly notOnOrAfterMs: number
}

/**
 * An assertion in the envelope of SAML 2.0's ECP profile, as Keystone returns it. The clouds of
 * a sandbox share a secret, so the signature is an HMAC where a real one is XML-DSig.
 */
export function writeAssertion(assertion: Assertion, secret: string): string {
  const { id, issuer, recipient, user, project, roles, notOnOrAfterMs } = assertion
  const end = new Date(notOnOrAfterMs).toISOString()
  const signed =
    `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" Version="2.0" ID="${id}">` +
    `<saml:Issuer>${toXml(issuer)}</saml:Issuer>` +
    `<saml:Subject><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">` +
    `<saml:SubjectConfirmationData NotOnOrAfter="${end}" Recipient="${toXml(recipient)}" />` +
    '</saml:SubjectConfirmation></saml:Subject><saml:AttributeStatement>' +
    attribute('openstack_user', [user]) +
    attribute('openstack_user_domain', ['Default']) +
    attribute('openstack_project', [project]) +
    attribute('openstack_project_domain', ['Default']) +
    attribute('openstack_roles', roles) +
    '</saml:AttributeStatement></saml:Assertion>'
  return (
    '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">' +
    '<soap:Header><ecp:RelayState xmlns:ecp="urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp" ' +
    `soap:mustUnderstand="1">ss:mem:${randomUUID().replaceAll('-', '')}</ecp:RelayState>` +
    '</soap:Header><soap:Body>' +
    '<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" Version="2.0">' +
    `<SignatureValue>${sign(signed, secret)}</SignatureValue>${signed}` +
    '</samlp:Response></soap:Body></soap:Envelope>'
  )
}

/** @returns null if the text is not such an envelope, or its signature is wrong */
export function readAssertion(envelope: string, secret: string): Assertion | null {
  const signed = /<saml:Assertion .*<\/saml:Assertion>/s.exec(envelope)?.[0]
  const signature = /<SignatureValue>([0-9a-f]{64})</.exec(envelope)?.[1]
  if (!signed || !signature) return null
  const expected = Buffer.from(sign(signed, secret))
  if (!timingSafeEqual(expected, Buffer.from(signature))) return null

  const text = (pattern: RegExp) => fromXml(pattern.exec(signed)?.[1] ?? '')
  return {
    id: text(/ ID="([^"]*)"/),
    issuer: text(/<saml:Issuer>([^<]*)</),
    recipient: text(/ Recipient="([^"]*)"/),
    notOnOrAfterMs: Date.parse(text(/ NotOnOrAfter="([^"]*)"/)),
    user: valuesOf(signed, 'openstack_user')[0] ?? '',
    project: valuesOf(signed, 'openstack_project')[0] ?? '',
    roles: valuesOf(signed, 'openstack_roles'),
  }
}

function sign(text: string, secret: string): string {
  return createHmac('sha256', secret).update(text).digest('hex')
}

function attribute(name: string, values: readonly string[]): string {
  const inner = values.map(value => `<saml:AttributeValue>${toXml(value)}</saml:AttributeValue>`)
  return `<saml:Attribute Name="${name}">${inner.join('')}</saml:Attribute>`
}

function valuesOf(xml: string, name: string): readonly string[] {
  const inner = new RegExp(`Name="${name}">(.*?)</saml:Attribute>`, 's').exec(xml)?.[1] ?? ''
  return [...inner.matchAll(/<saml:AttributeValue>([^<]*)</g)].map(match => fromXml(match[1] ?? ''))
}

function toXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

function fromXml(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&gt;', '>')
    .replaceAll('&lt;', '<')
    .replaceAll('&amp;', '&')
}
