// Pictures that look rendered, the same on every machine: a doughnut on a table, as everybody's first Blender scene,
// and a PNG of them. Marched by rays in plain numbers, since Node draws nothing.

import { deflateSync } from "node:zlib";

const ICINGS = [
  [0.86, 0.36, 0.5],
  [0.33, 0.19, 0.13],
  [0.9, 0.82, 0.7],
  [0.42, 0.62, 0.8],
  [0.55, 0.72, 0.4],
  [0.62, 0.44, 0.76],
];
const SPRINKLES = [
  [0.95, 0.9, 0.85],
  [0.95, 0.75, 0.2],
  [0.3, 0.6, 0.85],
  [0.85, 0.25, 0.3],
  [0.4, 0.75, 0.45],
];
const LIGHT = unit([0.55, 0.8, -0.35]);

function unit([x, y, z]) {
  const length = Math.hypot(x, y, z);
  return [x / length, y / length, z / length];
}

const mix = (a, b, t) => a + (b - a) * t;
const clamp = (x) => Math.min(1, Math.max(0, x));
const smooth = (from, to, x) => {
  const t = clamp((x - from) / (to - from));
  return t * t * (3 - 2 * t);
};

/** A number from 0 to 1 that two whole numbers always give. */
function chance(a, b) {
  let h = (Math.imul(a, 374761393) + Math.imul(b, 668265263)) | 0;
  h = Math.imul(h ^ (h >>> 13), 1274126177);
  return ((h ^ (h >>> 16)) >>> 0) / 4294967296;
}

const doughDistance = (x, y, z) => Math.hypot(Math.hypot(x, z) - 1, y * 1.12) - 0.46;

function icingDistance(x, y, z) {
  const around = Math.atan2(z, x);
  const edge = 0.02 + 0.07 * Math.sin(around * 5) + 0.05 * Math.sin(around * 8 + 1.3);
  const shell = Math.hypot(Math.hypot(x, z) - 1, y * 1.12) - 0.5;
  return Math.max(shell, (edge - y) * 0.7);
}

/** Distance to the nearest thing. */
const distance = (x, y, z) => Math.min(doughDistance(x, y, z), icingDistance(x, y, z), y + 0.42);

function normal(x, y, z) {
  const e = 0.002;
  return unit([
    distance(x + e, y, z) - distance(x - e, y, z),
    distance(x, y + e, z) - distance(x, y - e, z),
    distance(x, y, z + e) - distance(x, y, z - e),
  ]);
}

function shadow(x, y, z) {
  let lit = 1;
  for (let t = 0.05, step = 0; t < 3 && step < 24; step += 1) {
    const d = distance(x + LIGHT[0] * t, y + LIGHT[1] * t, z + LIGHT[2] * t);
    lit = Math.min(lit, (9 * d) / t);
    if (lit < 0.02) return 0;
    t += Math.max(0.04, d);
  }
  return clamp(lit);
}

function sprinkle(x, y, z) {
  const around = Math.atan2(z, x);
  const up = Math.atan2(y * 1.12, Math.hypot(x, z) - 1);
  const [u, v] = [around * 7.2, up * 4.2];
  const [cu, cv] = [Math.floor(u), Math.floor(v)];
  if (chance(cu, cv) < 0.3) return null;
  const turn = chance(cu + 91, cv) * Math.PI;
  const [du, dv] = [u - cu - 0.5, v - cv - 0.5];
  const along = du * Math.cos(turn) + dv * Math.sin(turn);
  const across = -du * Math.sin(turn) + dv * Math.cos(turn);
  return Math.abs(across) < 0.11 && Math.abs(along) < 0.34
    ? SPRINKLES[Math.floor(chance(cu, cv + 57) * SPRINKLES.length)]
    : null;
}

function shade(x, y, z, ray, icing) {
  const n = normal(x, y, z);
  const lit =
    Math.max(0, n[0] * LIGHT[0] + n[1] * LIGHT[1] + n[2] * LIGHT[2]) *
    shadow(x + n[0] * 0.02, y + n[1] * 0.02, z + n[2] * 0.02);
  const near = clamp(0.35 + distance(x + n[0] * 0.3, y + n[1] * 0.3, z + n[2] * 0.3) * 2.2);
  const half = unit([LIGHT[0] - ray[0], LIGHT[1] - ray[1], LIGHT[2] - ray[2]]);
  const gleam = Math.max(0, n[0] * half[0] + n[1] * half[1] + n[2] * half[2]);
  let colour;
  let shine = 0;
  if (y + 0.42 < Math.min(doughDistance(x, y, z), icingDistance(x, y, z))) {
    const far = smooth(2.5, 8, Math.hypot(x, z));
    const plank = 0.9 + 0.1 * chance(Math.floor(x * 1.4 + 40), 3) + 0.03 * Math.sin(z * 23 + Math.sin(x * 9) * 2);
    colour = [mix(0.42 * plank, 0.3, far), mix(0.29 * plank, 0.31, far), mix(0.2 * plank, 0.36, far)];
    shine = 0.08;
  } else if (icingDistance(x, y, z) < doughDistance(x, y, z)) {
    colour = sprinkle(x, y, z) ?? icing;
    shine = 0.55;
  } else {
    const baked = smooth(-0.3, 0.12, y);
    colour = [mix(0.72, 0.85, baked), mix(0.42, 0.6, baked), mix(0.18, 0.32, baked)];
    shine = 0.06;
  }
  const sky = (0.5 + 0.5 * n[1]) * near;
  const gleams = shine * gleam ** 40 * (lit > 0 ? 1 : 0);
  return [
    colour[0] * (lit * 0.86 + sky * 0.26) + gleams,
    colour[1] * (lit * 0.78 + sky * 0.3) + gleams,
    colour[2] * (lit * 0.66 + sky * 0.38) + gleams,
  ];
}

function trace(eye, ray, icing) {
  for (let t = 1.2, step = 0; t < 16 && step < 80; step += 1) {
    const [x, y, z] = [eye[0] + ray[0] * t, eye[1] + ray[1] * t, eye[2] + ray[2] * t];
    const d = distance(x, y, z);
    if (d < 0.0015 * t) return shade(x, y, z, ray, icing);
    t += d * 0.85;
  }
  const up = clamp(ray[1] * 2 + 0.3);
  return [mix(0.3, 0.11, up), mix(0.31, 0.13, up), mix(0.36, 0.19, up)];
}

const coded = Uint8Array.from({ length: 1025 }, (_, at) => Math.round(255 * (at / 1024) ** (1 / 2.2)));
const code = (light) => coded[Math.round(1024 * clamp((light * (1 + light * 0.1)) / (1 + light * 0.42)))];

/** RGB bytes of the moment `at` (0 to 1, it goes round) of a shot; each pixel is looked at `rays` by `rays` times. */
export function draw(width, height, at, shot, rays = 1) {
  const angle = (at + shot * 0.13) * 2 * Math.PI;
  const high = 1.75 + 0.45 * Math.sin(angle + shot);
  const far = 3.5 + 0.5 * Math.cos(angle * 2 + shot * 2);
  const eye = [Math.cos(angle) * far, high, Math.sin(angle) * far];
  const ahead = unit([-eye[0], -0.1 - eye[1], -eye[2]]);
  const side = unit([-ahead[2], 0, ahead[0]]);
  const up = [
    side[1] * ahead[2] - side[2] * ahead[1],
    side[2] * ahead[0] - side[0] * ahead[2],
    side[0] * ahead[1] - side[1] * ahead[0],
  ];
  const icing = ICINGS[shot % ICINGS.length];
  const pixels = Buffer.alloc(width * height * 3);
  for (let row = 0, to = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1, to += 3) {
      const sum = [0, 0, 0];
      for (let ray = 0; ray < rays * rays; ray += 1) {
        const x = ((column + ((ray % rays) + 0.5) / rays) / width - 0.5) * (width / height) * 1.05;
        const y = (0.5 - (row + (Math.floor(ray / rays) + 0.5) / rays) / height) * 1.05;
        const way = unit([0, 1, 2].map((k) => ahead[k] + side[k] * x + up[k] * y));
        const light = trace(eye, way, icing);
        for (let k = 0; k < 3; k += 1) sum[k] += light[k];
      }
      for (let k = 0; k < 3; k += 1) pixels[to + k] = code(sum[k] / (rays * rays));
    }
  }
  return pixels;
}

/** A flat picture, of which no two near ones are alike: for checks, which are to be quick. */
export function flat(width, height, at) {
  const colour = [60 + ((at * 53) % 180), 60 + ((at * 97) % 180), 60 + ((at * 31) % 180)];
  return Buffer.alloc(width * height * 3, Buffer.from(colour));
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

/** Node has it itself since 22; older ones do as well here. */
function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** A PNG of RGB (3 bytes) or RGBA (4 bytes a pixel). */
export function png(width, height, bytesEach, pixels) {
  const lines = Buffer.alloc(height * (width * bytesEach + 1));
  for (let row = 0; row < height; row += 1) {
    pixels.copy(lines, row * (width * bytesEach + 1) + 1, row * width * bytesEach, (row + 1) * width * bytesEach);
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, bytesEach === 4 ? 6 : 2, 0, 0, 0], 8);
  const part = (name, body) => {
    const named = Buffer.concat([Buffer.from(name), body]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(body.length);
    sum.writeUInt32BE(crc32(named));
    return Buffer.concat([length, named, sum]);
  };
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    part("IHDR", header),
    part("IDAT", deflateSync(lines, { level: 1 })),
    part("IEND", Buffer.alloc(0)),
  ]);
}
