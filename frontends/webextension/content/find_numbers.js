// Finds phone numbers in a text. Nothing here knows of pages; a classic script, as content scripts
// are: a module would have to be readable for every page.
//
// How a number is read is SIPTAPI's to say. Here it is only guessed what a person would call one,
// and rather too little than too much: a date must not become a link. So digits are a number
//
//   if they begin with + or 00 and a country,
//   if they begin with 0 and are written in groups, as national numbers are,
//   if they are written as North American numbers are, (212) 555-0123,
//   or if a word such as Tel. stands before them.

const findNumbers = (() => {
  const SPACE = " \\u00a0\\u2009\\u202f";
  const DASH = "\\-\\u2010\\u2011\\u2013";
  const JOIN = `(?:\\)?[${SPACE}./${DASH}]?\\(?|[${SPACE}][/${DASH}][${SPACE}])`;
  /** Digits with what may stand between those of one number, from the first to the last. */
  const RUN = new RegExp(`\\(?\\+?\\(?\\d(?:${JOIN}\\d)*`, "gu");
  const BETWEEN = new RegExp(`[${SPACE}][/${DASH}][${SPACE}]`, "u");

  const LABEL = new RegExp(
    "(?:(?:^|[^\\p{L}])(?:tel|telefon|telephone|telefono|teléfono|telefone|téléphone|tél|fon|phone" +
      "|mobile?|mobiltelefon|handy|cell|hotline|call|ruf|rufnummer|durchwahl|dw|klappe|extension|ext)" +
      "|電話|[☎☏✆📞📱])" +
      "(?:[\\s.-]*(?:nr|no|number|nummer))?[\\s.:：)]*$",
    "iu",
  );
  /** After these a few digits are a number, too. */
  const LABEL_OF_FEW = /(?:[.:：]|durchwahl|dw|klappe|extension|ext)\s*$/iu;
  const OTHER_LABEL = new RegExp(
    "(?:(?:^|[^\\p{L}])(?:isbn|issn|iban|ean|gtin|imei|uid|vat|sku|plz|zip|pin|account|konto|order" +
      "|invoice|ref|serial|ticket|case|version|build|port|nr|no|id|code|key)" +
      "|nummer|number|numéro|№)[^\\p{L}\\p{N}]{0,4}$",
    "iu",
  );
  /** What digits belong to that stand right after it: a word, an address, an amount, a fraction. */
  const HELD_BEFORE = /[\p{L}\p{N}_#@=&*\\~^|<>%+-]$|\p{N}[.,:]$|\S\/$|\p{Sc}\s?$|[.,:]\p{N}*[.,]$/u;
  const HELD_AFTER = /^(?:(?!x\d)[\p{L}\p{N}_@=&%*\\#]|[.,:/-]\p{N}|\s?(?:\p{Sc}|%|(?:EUR|USD|CHF|GBP)\b))/u;

  const YEAR = "(?:19|20)\\d\\d";
  const NOT_NUMBERS = [
    new RegExp(`^\\d{1,2}([./${DASH}])\\d{1,2}\\1(?:${YEAR}(?:\\D|$)|\\d\\d$)`, "u"), // 23.11.2026
    new RegExp(`^${YEAR}[./${DASH}${SPACE}]\\d{1,2}[./${DASH}${SPACE}]\\d{1,2}(?:\\D|$)`, "u"), // 2026-11-23
    new RegExp(`^(?:0?\\d|1[0-2])[./${DASH}]${YEAR}(?:\\D|$)`, "u"), // 11/2026
    new RegExp(`^${YEAR}[/${DASH}${SPACE}](?:${YEAR}|\\d\\d)$`, "u"), // 2026/27
    /^\d{1,3}(?:\.\d{1,3}){3}$/, // an IPv4 address
    /^\d{1,2}(?:\.\d{1,2}){1,2}$/, // a version
    /^\+?\d{1,3}\.\d{1,7}$/, // a decimal: coordinates
    /^\+?\d{1,3}(?:\.\d{3})+$/, // an amount
    /^\d{4}-\d{4}$/, // an ISSN
  ];
  const FIVE_PAIRS = /^\d\d(?:\D\d\d){4}$/; // French; any other number of pairs are times, or a lottery
  const PAIRS = /^\d\d(?:\D\d\d)+$/;
  const NORTH_AMERICAN = /^(?:1[-. ])?(?:\([2-9]\d\d\) ?|[2-9]\d\d[-.])[2-9]\d\d[-. ]\d{4}$/;

  /** Whether `text` reads like a number, where nothing around it says so. */
  function speaksForItself(text) {
    const digits = text.replace(/\D/gu, "");
    if (text.startsWith("+")) {
      // Countries 1 and 7 have numbers of one length.
      return /^[17]/u.test(digits) ? digits.length === 11 : /^[2-9]/u.test(digits) && within(digits, 8, 16);
    }
    if (digits === text) return false; // of a long row of digits nobody knows what it is
    if (/^00[1-9]/u.test(digits)) return within(digits, 10, 17) && !/\D00/u.test(text);
    if (/^\(?0[1-9]/u.test(text)) {
      return within(digits, 8, 13) && (!PAIRS.test(text) || FIVE_PAIRS.test(text));
    }
    return NORTH_AMERICAN.test(text);
  }

  function within(digits, least, most) {
    return digits.length >= least && digits.length <= most;
  }

  /** `text` without a bracket that has no other. */
  function balanced(text) {
    const opened = text.split("(").length - text.split(")").length;
    return opened === 1 && text.startsWith("(") ? text.slice(1) : opened === 0 ? text : null;
  }

  function isNumber(text, before) {
    const bare = text.replaceAll(/^\((?=\+)|(?<=^\+)\(/gu, "");
    if (NOT_NUMBERS.some((pattern) => pattern.test(bare))) return false;
    if (LABEL.test(before)) {
      return within(text.replace(/\D/gu, ""), LABEL_OF_FEW.test(before) ? 3 : 5, 15);
    }
    return speaksForItself(text.replace(/^\((?=\+)/u, "")) && (text.includes("+") || !OTHER_LABEL.test(before));
  }

  /** The parts of a run that " / " or " - " is between, each with where it begins. */
  function* partsOf(run) {
    let start = 0;
    for (const part of run.split(BETWEEN)) {
      yield [start, part];
      start += part.length + 3;
    }
  }

  /**
   * The numbers in `text`, in order, as `{start, end, text}`. `before` is what can be read before
   * it, in an element of its own.
   */
  return function findNumbers(text, before = "") {
    const found = [];
    const context = `${before.slice(-40)}\n`;
    for (const match of text.matchAll(RUN)) {
      const [run] = match;
      const ahead = (context + text.slice(0, match.index)).slice(-40);
      const after = text.slice(match.index + run.length, match.index + run.length + 8);
      if (HELD_BEFORE.test(ahead) && !/電話$/u.test(ahead)) continue;
      if (HELD_AFTER.test(after)) continue;
      const take = ([start, part]) => {
        const number = balanced(part);
        if (number === null || !isNumber(number, start ? "" : ahead)) return false;
        const at = match.index + start + part.length - number.length;
        found.push({ start: at, end: at + number.length, text: number });
        return true;
      };
      // Two numbers, one after the other, or one that is written with wide gaps.
      if (!Array.from(partsOf(run), take).includes(true) && BETWEEN.test(run)) take([0, run]);
    }
    return found;
  };
})();
