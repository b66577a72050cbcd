// Makes the server's own certificate, which the server signs itself. Viewers recognise the server by its public key and not by an
// authority.

import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { isIP } from "node:net";

/**
 * The end of a certificate without a planned end (RFC 5280, 4.1.2.5). There is none, because viewers keep the public key
 * permanently, like ssh.
 */
const NO_END = new Date("9999-12-31T23:59:59Z");
const DAY_MS = 24 * 3600 * 1000;

const ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2"; // RFC 5758, 3.2
const COMMON_NAME = "2.5.4.3"; // RFC 5280, Appendix A

/** Makes a private key (PEM) for ECDSA on P-256. */
export function makeKey(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

/** Makes a certificate (PEM) for a key, with these host names and addresses. */
export async function makeCertificate(keyPem: string, names: readonly string[]): Promise<string> {
  // The packages are loaded here, because few starts need them: the certificate is made only once.
  const { AsnConvert, OctetString } = await import("@peculiar/asn1-schema");
  const x509 = await import("@peculiar/asn1-x509");

  const key = createPrivateKey(keyPem);
  const publicKey = createPublicKey(key).export({ type: "spki", format: "der" });
  const subject = new x509.Name([
    new x509.RelativeDistinguishedName([
      new x509.AttributeTypeAndValue({
        type: COMMON_NAME,
        value: new x509.AttributeValue({ utf8String: "Slipstream server" }),
      }),
    ]),
  ]);
  const extension = (extnID: string, critical: boolean, value: unknown) =>
    new x509.Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });
  const algorithm = new x509.AlgorithmIdentifier({ algorithm: ECDSA_WITH_SHA256 });
  const tbsCertificate = new x509.TBSCertificate({
    version: x509.Version.v3,
    serialNumber: serialNumber(),
    signature: algorithm,
    issuer: subject,
    validity: new x509.Validity({ notBefore: new Date(Date.now() - DAY_MS), notAfter: NO_END }), // clocks of viewers may be slow
    subject,
    subjectPublicKeyInfo: AsnConvert.parse(publicKey, x509.SubjectPublicKeyInfo),
    extensions: new x509.Extensions([
      extension(x509.id_ce_basicConstraints, true, new x509.BasicConstraints({ cA: false })),
      extension(x509.id_ce_keyUsage, true, new x509.KeyUsage(x509.KeyUsageFlags.digitalSignature)),
      extension(x509.id_ce_extKeyUsage, false, new x509.ExtendedKeyUsage([x509.id_kp_serverAuth])),
      extension(
        x509.id_ce_subjectAltName,
        false,
        new x509.SubjectAlternativeName(
          names.map((name) => new x509.GeneralName(isIP(name) === 0 ? { dNSName: name } : { iPAddress: name })),
        ),
      ),
    ]),
  });
  const signed = new x509.Certificate({
    tbsCertificate,
    signatureAlgorithm: algorithm,
    signatureValue: bufferOf(sign("sha256", new Uint8Array(AsnConvert.serialize(tbsCertificate)), key)),
  });
  const lines =
    Buffer.from(AsnConvert.serialize(signed))
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}

/** Returns a random positive number of 16 bytes (RFC 5280, 4.1.2.2). */
function serialNumber(): ArrayBuffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bufferOf(bytes);
}

function bufferOf(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
