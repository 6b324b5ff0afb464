import Foundation
import NightdropFormats
import Testing

/// Every file of `Formats/vectors/policy`: `NAME.yaml`, and `NAME.expect` with `valid` or `line N key.path`.
@Suite("Policy vectors")
struct PolicyVectorTests {
    static let folder = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Formats/vectors/policy")

    static let names: [String] = {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
    }()

    @Test("the vectors are there")
    func present() {
        #expect(PolicyVectorTests.names.count > 100)
    }

    @Test("a vector is judged as it says", arguments: names)
    func vector(name: String) throws {
        let yaml = try text(name + ".yaml")
        let expected = try text(name + ".expect").trimmingCharacters(in: .newlines)
        do {
            let policy = try PolicyFile.parse(yaml, file: name)
            #expect(expected == "valid")
            #expect(try PolicyFile.parse(PolicyFile.text(for: policy), file: "written again") == policy)
        } catch {
            let found = error.findings.map { "line \($0.line)" + ($0.path.isEmpty ? "" : " \($0.path)") }
            #expect(found == [expected], "\(error)")
        }
    }

    private func text(_ file: String) throws -> String {
        try String(contentsOf: PolicyVectorTests.folder.appending(path: file), encoding: .utf8)
    }
}
