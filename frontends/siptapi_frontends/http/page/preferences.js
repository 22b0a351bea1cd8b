// What this browser remembers, and nothing that is secret.

export const remembered = (name) => localStorage.getItem(`siptapi.${name}`) ?? "";

export const remember = (name, value) => localStorage.setItem(`siptapi.${name}`, value);
