import Foundation
import NightdropBundle
import NightdropFiles
import NightdropFormats
import NightdropModel
import Testing

@Suite("Bundle vectors")
struct BundleVectorTests {
    /// Refused for what stands within their entries, which is looked at only when the bundle is merged or applied.
    private static let refusedLater: Set<String> = [
        "chain-broken", "change-key-unknown", "grant-without-keys", "numbers-missing-between-segments", "open-segment",
        "segment-hash-differs", "segment-of-another-journal", "wrong-count",
    ]

    @Test(
        "A bundle taken in",
        arguments: try Vector.all("bundle", suffix: ".nightdrop.tar").filter { !refusedLater.contains($0.name) })
    func taken(_ vector: Vector) throws {
        let keys = Vector.folder.appending(path: "bundle/allowed_signers").path
        let signers = try AllowedSigners(file: #require(try DiskFileSystem().contents(keys)))
        let node = try #require(NodeID(String(vector.expectation.split(separator: " ").last ?? "")))
        let expectations = BundleExpectations(
            node: node, organisation: "Corner Shops", trust: .signers(signers, revoked: []))
        #expect(outcome(BundleIntake(expectations, fileSystem: DiskFileSystem()), vector.file.path) == vector.kind)
    }

    private func outcome(_ intake: BundleIntake, _ path: String) -> String {
        do throws(BundleError) { _ = try intake.take(path) } catch {
            return error.code == .incomplete ? "truncated" : error.code.rawValue
        }
        return "valid"
    }
}
