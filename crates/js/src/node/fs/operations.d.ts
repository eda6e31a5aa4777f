// Each gives its result at once when `sync` is true, else a promise for it: hence `any`.
type Path = string | Uint8Array;

interface Operations {
  fsAccess(path: Path, mode: number, sync: boolean): any;
  fsChmod(path: Path, mode: number, sync: boolean): any;
  fsChown(path: Path, user: number, group: number, follow: boolean, sync: boolean): any;
  fsClose(fd: number, sync: boolean): any;
  fsCopyFile(from: Path, to: Path, exclusive: boolean, sync: boolean): any;
  fsExists(path: Path, sync: boolean): any;
  fsFchmod(fd: number, mode: number, sync: boolean): any;
  fsFchown(fd: number, user: number, group: number, sync: boolean): any;
  /** The fields of a Stats in its order. */
  fsFstat(fd: number, sync: boolean): any;
  fsFsync(fd: number, dataOnly: boolean, sync: boolean): any;
  fsFtruncate(fd: number, length: number, sync: boolean): any;
  /** Times in seconds. */
  fsFutimes(fd: number, accessed: number, modified: number, sync: boolean): any;
  fsLink(from: Path, to: Path, sync: boolean): any;
  /** With `recursive` the first directory that was made. */
  fsMkdir(path: Path, recursive: boolean, mode: number, sync: boolean): any;
  /** The path; bytes if it is no UTF-8, as of all that follow which give paths or names. */
  fsMkdtemp(prefix: Path, sync: boolean): any;
  /** The descriptor. */
  fsOpen(path: Path, flags: number, mode: number, sync: boolean): any;
  /** How many bytes were read into the buffer; none at the end. A negative position is the file's own. */
  fsRead(fd: number, buffer: ArrayBufferView, offset: number, length: number, position: number, sync: boolean): any;
  /** A string, or a Uint8Array. */
  fsReadFile(file: Path | number, asText: boolean, sync: boolean): any;
  /** name, kind, name, kind ... */
  fsReaddir(path: Path, sync: boolean): any;
  fsReadlink(path: Path, sync: boolean): any;
  fsRealpath(path: Path, sync: boolean): any;
  fsRename(from: Path, to: Path, sync: boolean): any;
  fsRm(path: Path, recursive: boolean, force: boolean, sync: boolean): any;
  fsRmdir(path: Path, sync: boolean): any;
  fsStat(path: Path, follow: boolean, sync: boolean): any;
  /** The fields of a StatFs in its order. */
  fsStatfs(path: Path, sync: boolean): any;
  fsSymlink(target: Path, path: Path, sync: boolean): any;
  fsTruncate(path: Path, length: number, sync: boolean): any;
  fsUnlink(path: Path, sync: boolean): any;
  /** Times in seconds. */
  fsUtimes(path: Path, accessed: number, modified: number, follow: boolean, sync: boolean): any;
  fsWatchClose(watch: object): void;
  /** Whether it is a name, the name (undefined if nobody knows), and so on; none when it was closed. */
  fsWatchNext(watch: object): Promise<any[]>;
  fsWatchReference(watch: object, on: boolean): void;
  fsWatchStart(path: Path, recursive: boolean): object;
  /** How many bytes were written. */
  fsWrite(fd: number, content: string | ArrayBufferView, position: number, sync: boolean): any;
  fsWriteFile(file: Path | number, content: string | ArrayBufferView, flags: number, mode: number, sync: boolean): any;
}
