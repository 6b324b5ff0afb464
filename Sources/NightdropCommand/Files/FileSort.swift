import Nightdrop
import NightdropFiles
import NightdropFormats
import NightdropModel

/// What a file or directory is, judged by its content.
enum FileSort {
    case bundle
    case segment
    case request
    case node
    case journal
    case directory
    case encrypted
    case other

    /// What to say of a file that is nothing of ours.
    static let nothingOfOurs =
        "it is no bundle (those are called ….nightdrop.tar), journal segment (….jsonl.gz), journal or enrollment request"

    init(_ path: String) throws {
        let disk = DiskFileSystem()
        guard let status = try disk.status(path) else {
            throw NightdropError(.notFound, "\(path): there is no such file or directory")
        }
        if status.isDirectory {
            let names = try disk.names(in: path)
            if names.contains("nightdrop.yaml") {
                self = .node
            } else {
                self = names.contains { $0.hasSuffix(".jsonl.gz") } ? .journal : .directory
            }
            return
        }
        var head = [UInt8](repeating: 0, count: 512)
        let file = try disk.open(path, .read)
        let count = try head.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
        head.removeLast(head.count - count)
        if head.starts(with: [0x1F, 0x8B]) {
            self = .segment
        } else if head.starts(with: "age-encryption.org/".utf8) {
            self = .encrypted
        } else if head.starts(with: "{\"nightdrop\":\"\(EnrollmentRequest.format)\"".utf8) {
            self = .request
        } else {
            let isTar = head.count > 262 && head[257..<262].elementsEqual("ustar".utf8)
            self = isTar || path.hasSuffix(".nightdrop.tar") ? .bundle : .other
        }
    }
}
