import NightdropFiles
import NightdropFormats

/// Reads the text of a file's whole gzip members, one behind the other.
///
/// Text of a member is handed on only once its checksum was right, so an unfinished last member is never seen.
final class MemberReader {
    /// How a file ends.
    enum End {
        /// There is more to read.
        case more
        /// Behind the last whole member the file ends.
        case whole
        /// Behind the last whole member stands one that is not whole, and nothing else.
        case torn
    }

    /// The longest text of one member: a group of commits, of which the last may be the largest there is.
    static let longestMember = 16 << 20

    let file: any OpenFile
    /// Where the last whole member ended, in bytes of the file.
    private(set) var memberEnd: Int64
    private let inflater: GzipDecompressor
    private let input: UnsafeMutableRawBufferPointer
    private var pending = 0..<0
    private var offset: Int64
    private let start: Int64

    /// A reader that begins at the beginning of a member.
    init(_ file: any OpenFile, at start: Int64 = 0) throws(JournalError) {
        self.file = file
        self.start = start
        memberEnd = start
        offset = start
        do throws(GzipError) { inflater = try GzipDecompressor() } catch { throw JournalError(error, path: file.path) }
        input = .allocate(byteCount: 256 << 10, alignment: 16)
    }

    deinit { input.deallocate() }

    /// Appends the text of whole members, until it has appended `goal` bytes or the file ends.
    func read(into text: TextBuffer, goal: Int) throws(JournalError) -> End {
        let begin = text.count
        var whole = begin
        while whole - begin < goal {
            if pending.isEmpty, try refill() == 0 {
                text.truncate(to: whole)
                return inflater.isAtMemberEnd ? .whole : try tail()
            }
            let used: (read: Int, written: Int)
            do throws(GzipError) {
                used = try inflater.inflate(
                    UnsafeRawBufferPointer(rebasing: input[pending]), into: text.room(16 << 10), stopAtMember: true)
            } catch {
                text.truncate(to: whole)
                return try tail()
            }
            pending = (pending.lowerBound + used.read)..<pending.upperBound
            text.extend(by: used.written)
            if inflater.isAtMemberEnd {
                whole = text.count
                memberEnd = start + inflater.memberEnd
            } else if text.count - whole > MemberReader.longestMember {
                throw damaged("a member of more than \(MemberReader.longestMember >> 20) MiB")
            }
        }
        text.truncate(to: whole)
        return .more
    }

    private func refill() throws(JournalError) -> Int {
        do throws(FileError) {
            let count = try file.read(into: input, at: offset)
            offset += Int64(count)
            pending = 0..<count
            return count
        } catch {
            throw JournalError(error)
        }
    }

    private func damaged(_ reason: String) -> JournalError {
        JournalError(.damaged, file.path, "\(reason), at byte \(memberEnd) of the file")
    }

    /// Tells a torn tail from damage: behind a torn tail there is nothing, behind damage whole members go on.
    private func tail() throws(JournalError) -> End {
        let rest = TextBuffer()
        var position = memberEnd
        while true {
            let count: Int
            do throws(FileError) {
                count = try file.read(into: rest.room(1 << 20), at: position)
            } catch {
                throw JournalError(error)
            }
            if count == 0 { break }
            rest.extend(by: count)
            position += Int64(count)
        }
        let bytes = rest.bytes
        for index in stride(from: 1, to: bytes.count - 18, by: 1)
        where bytes[index] == 0x1F && bytes[index + 1] == 0x8B && bytes[index + 2] == 0x08 {
            if MemberReader.isWholeMember(UnsafeRawBufferPointer(rebasing: bytes[index...])) {
                throw damaged("damaged data, with whole commits behind it from byte \(memberEnd + Int64(index))")
            }
        }
        return .torn
    }

    private static func isWholeMember(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let inflater = try? GzipDecompressor() else { return false }
        let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
        defer { scratch.deallocate() }
        var rest = bytes
        while inflater.members == 0 {
            guard
                let used = try? inflater.inflate(rest, into: scratch, stopAtMember: true),
                used.read > 0 || used.written > 0
            else { return false }
            rest = UnsafeRawBufferPointer(rebasing: rest[used.read...])
        }
        return true
    }
}
