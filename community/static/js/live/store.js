// What this browser keeps for its member: one IndexedDB database. It is deleted at sign-out and at quick exit (quick-exit.js).

const NAME = "porchlight";
export const OUTBOX = "outbox";
export const LEASES = "leases";

/** @returns {Promise<IDBDatabase | null>} null where the browser keeps nothing (private windows, no space) */
export function openStore() {
  return new Promise((done) => {
    try {
      const request = indexedDB.open(NAME, 1);
      request.onupgradeneeded = () => {
        request.result.createObjectStore(OUTBOX, { keyPath: ["member", "key"] });
        request.result.createObjectStore(LEASES, { keyPath: "name" });
      };
      request.onsuccess = () => {
        const db = request.result;
        // Whoever deletes it must not wait for us.
        db.onversionchange = () => db.close();
        addEventListener("porchlight:leaving", () => db.close());
        done(db);
      };
      request.onerror = request.onblocked = () => done(null);
    } catch {
      done(null);
    }
  });
}

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
export function result(request) {
  return new Promise((done, failed) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });
}

/**
 * Resolves when the transaction is on the disk.
 * @param {IDBTransaction} transaction
 * @returns {Promise<void>}
 */
export function written(transaction) {
  return new Promise((done, failed) => {
    transaction.oncomplete = () => done();
    transaction.onerror = transaction.onabort = () => failed(transaction.error);
  });
}
