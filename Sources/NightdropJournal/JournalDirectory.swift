import NightdropFiles

/// The files of one journal: `000007.jsonl.gz` is a sealed segment, `000007.open.jsonl.gz` one that is not sealed yet.
///
/// A segment that is not sealed and has a successor is closed: nobody writes to it any more. Segments are sealed in the
/// order of their numbers, and a file that bears a name is never replaced by another one.
struct JournalDirectory: Sendable {
    let fileSystem: any FileSystem
    let path: String

    struct Entry: Equatable {
        let number: Int64
        var hasSealed = false
        var hasOpen = false
    }

    /// Held by whoever appends to the journal.
    var lockPath: String { path + "/lock" }
    /// Held by whoever seals segments.
    var sealLockPath: String { path + "/seal.lock" }

    func sealedPath(_ number: Int64) -> String { "\(path)/\(JournalDirectory.digits(number)).jsonl.gz" }
    func openPath(_ number: Int64) -> String { "\(path)/\(JournalDirectory.digits(number)).open.jsonl.gz" }

    /// The segments there are, in order.
    func entries() throws(JournalError) -> [Entry] {
        var entries: [Int64: Entry] = [:]
        for name in try names() {
            guard let (number, isSealed) = JournalDirectory.segment(name) else { continue }
            var entry = entries[number] ?? Entry(number: number)
            if isSealed { entry.hasSealed = true } else { entry.hasOpen = true }
            entries[number] = entry
        }
        return entries.values.sorted { $0.number < $1.number }
    }

    /// Whether there is a segment of that number.
    func has(_ number: Int64) throws(JournalError) -> Bool {
        // A segment is sealed before its open file is removed, so this order misses none.
        if try size(openPath(number)) != nil { return true }
        return try size(sealedPath(number)) != nil
    }

    /// The bytes of a file; nil if there is none.
    func size(_ path: String) throws(JournalError) -> Int64? {
        do throws(FileError) { return try fileSystem.status(path)?.size } catch { throw JournalError(error) }
    }

    /// Opens a segment for reading, the sealed file if there is one.
    func openForReading(_ number: Int64) throws(JournalError) -> (file: any OpenFile, isSealed: Bool) {
        // It may be sealed between two looks.
        for isSealed in [true, false, true] {
            do throws(FileError) {
                return (try fileSystem.open(isSealed ? sealedPath(number) : openPath(number), .read), isSealed)
            } catch  where error.kind == .notFound {
                continue
            } catch {
                throw JournalError(error)
            }
        }
        throw JournalError(.missing, sealedPath(number), "segment \(number) is not there")
    }

    /// Takes one of the two locks.
    func lock(_ path: String, wait: Bool = true) throws(JournalError) -> any FileLock {
        do throws(FileError) { return try fileSystem.lock(path, wait: wait) } catch { throw JournalError(error) }
    }

    /// Removes what an interrupted writing has left: sealed segments or open ones, each under its own lock.
    func removeLeftovers(ofSealing: Bool) throws(JournalError) {
        for name in try names() where name.hasSuffix(".jsonl.gz.partial") {
            if name.hasSuffix(".open.jsonl.gz.partial") == ofSealing { continue }
            do throws(FileError) { try fileSystem.remove("\(path)/\(name)") } catch { throw JournalError(error) }
        }
    }

    private func names() throws(JournalError) -> [String] {
        do throws(FileError) {
            return try fileSystem.names(in: path)
        } catch  where error.kind == .notFound {
            return []
        } catch {
            throw JournalError(error)
        }
    }

    private static func digits(_ number: Int64) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 6 - digits.utf8.count)) + digits
    }

    private static func segment(_ name: String) -> (number: Int64, isSealed: Bool)? {
        guard let dot = name.firstIndex(of: "."), let number = Int64(name[..<dot]), number > 0,
            digits(number) == name[..<dot]
        else { return nil }
        switch name[dot...] {
        case ".jsonl.gz": return (number, true)
        case ".open.jsonl.gz": return (number, false)
        default: return nil
        }
    }
}
