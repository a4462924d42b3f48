import * as kinds from './kinds.js'
import { listOf } from './kinds.js'
import { cafile, insecure, password, passwordFile } from './login-options.js'
import { option, optional } from './option.js'

/** The options of one cloud: a file has one group `[sp_<name>]` for each. */
export const cloud = {
  spName: optional(
    'sp_name',
    kinds.text,
    'Id of the cloud in the service providers of Keystone. With several proxies that call each other, that of [sp_default] is the name of this one.',
    { otherwise: 'the name of the cloud', example: 'cornmeal-sp' },
  ),
  messagebuses: optional(
    'messagebus',
    kinds.transportUrls,
    'Transport URL of its message bus, as in the services of that cloud: several hosts separated by commas, ?ssl=1 for TLS, percent-encoded credentials. Or file:///path.ndjson, a file to which notifications are appended. If its services use several brokers or virtual hosts, one URL for each: separated by commas, on indented lines, or with the option repeated.',
    {
      secret: true,
      repeats: true,
      example: 'rabbit://mixmatch:secret@rabbit.cornmeal.example.org:5672/',
    },
  ),
  authUrl: optional(
    'auth_url',
    kinds.keystoneUrl,
    'Its Keystone, or the full URL of the federated login there.',
    { otherwise: 'that of [auth] for "default"', example: 'https://cornmeal.example.org:5000/v3' },
  ),
  imageEndpoint: optional(
    'image_endpoint',
    kinds.endpoint,
    'Its Glance, without a version at the end.',
    { otherwise: 'the catalog of that cloud', example: 'https://cornmeal.example.org:9292' },
  ),
  volumeEndpoint: optional(
    'volume_endpoint',
    kinds.endpoint,
    'Its Cinder, without a version or project at the end.',
    { otherwise: 'the catalog of that cloud', example: 'https://cornmeal.example.org:8776' },
  ),
  networkEndpoint: optional(
    'network_endpoint',
    kinds.endpoint,
    'Its Neutron, without a version at the end. Only the network extension uses it.',
    { otherwise: 'the catalog of that cloud', example: 'https://cornmeal.example.org:9696' },
  ),
  regionName: optional('region_name', kinds.text, 'The region of its endpoints in its catalog.', {
    otherwise: 'the first region in the catalog',
    example: 'RegionOne',
  }),
  enabledServices: option(
    'enabled_services',
    listOf(kinds.choice(['image', 'volume', 'network'])),
    'image, volume',
    'Services that are proxied to it. With network at "default" and at another cloud, users can extend networks of that cloud to "default"; nothing else of Neutron is proxied.',
  ),
  queueName: optional(
    'queue_name',
    kinds.queueName,
    'The queue of Mixmatch on its message bus. Two proxies must not share one: each would record half.',
    { otherwise: 'mixmatch.<name>.notifications', example: 'mixmatch.cornmeal.notifications' },
  ),
  cafile,
  insecure,
  allowedHosts: option(
    'allowed_hosts',
    listOf(kinds.hostAndPort),
    '',
    'Hosts, or host:port, to which SAML assertions for this cloud may be sent, whatever Keystone names.',
    { otherwise: 'the host of auth_url', example: 'cornmeal.example.org' },
  ),
  username: optional(
    'username',
    kinds.text,
    'The user of Mixmatch at this cloud, if the user of [auth] cannot log in there by federation.',
    { example: 'mixmatch' },
  ),
  password,
  passwordFile: passwordFile('/etc/mixmatch/cornmeal.password'),
  userDomainId: option('user_domain_id', kinds.text, 'default', 'The domain of that user.'),
  projectName: optional('project_name', kinds.text, 'The project of its token.', {
    example: 'service',
  }),
  projectDomainId: option(
    'project_domain_id',
    kinds.text,
    'default',
    'The domain of that project.',
  ),
}
