/** Whole numbers as LEB128: seven bits a byte, the lowest first, and a set eighth bit where another byte follows. */
export function encodeNumbers(numbers: readonly number[]): Uint8Array {
  const bytes: number[] = [];
  for (let number of numbers) {
    // Division rather than shifts: numbers may pass 2^31.
    while (number >= 0x80) {
      bytes.push((number % 0x80) | 0x80);
      number = Math.floor(number / 0x80);
    }
    bytes.push(number);
  }
  return Uint8Array.from(bytes);
}

/** How many bytes {@link encodeNumbers} takes for one number. */
export function encodedNumberBytes(number: number): number {
  let bytes = 1;
  for (let rest = number; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes++;
  return bytes;
}

/** How many numbers {@link decodeNumbers} finds, told without making them. */
export function countNumbers(encoded: Uint8Array): number {
  let numbers = 0;
  for (const byte of encoded) if (byte < 0x80) numbers++;
  return numbers;
}

/** The inverse of {@link encodeNumbers}. A number that breaks off at the end is left out. */
export function decodeNumbers(encoded: Uint8Array): number[] {
  const numbers: number[] = [];
  let number = 0;
  let weight = 1;
  for (const byte of encoded) {
    number += (byte & 0x7f) * weight;
    if (byte < 0x80) {
      numbers.push(number);
      number = 0;
      weight = 1;
    } else {
      weight *= 0x80;
    }
  }
  return numbers;
}
