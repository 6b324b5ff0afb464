import Foundation

/// The golden vectors in `Formats/vectors`: a file, and a line that says what a reader must find in it.
struct Vector: Sendable, CustomStringConvertible {
    let name: String
    let file: URL
    /// The words of the `.expect` file.
    let expectation: String

    var description: String { name }

    /// The kind of expectation: its first word.
    var kind: String { String(expectation.prefix { $0 != " " }) }

    func bytes() throws -> [UInt8] { [UInt8](try Data(contentsOf: file)) }

    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static var folder: URL { root.appending(path: "Formats/vectors") }

    /// The vectors of a folder, by name.
    static func all(_ folderName: String, suffix: String) throws -> [Vector] {
        let folder = folder.appending(path: folderName)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(".expect") }.map { String($0.dropLast(7)) }.sorted()
        return try names.map { name in
            let text = try String(contentsOf: folder.appending(path: name + ".expect"), encoding: .utf8)
            return Vector(
                name: name, file: folder.appending(path: name + suffix),
                expectation: text.trimmingCharacters(in: .newlines))
        }
    }
}
