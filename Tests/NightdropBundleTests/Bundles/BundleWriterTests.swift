import Foundation
import NightdropBundle
import NightdropFiles
import NightdropFilesTesting
import NightdropFormats
import NightdropModel
import Testing

@Suite struct BundleWriterTests {
    @Test func sameInputSameBytes() throws {
        let (one, other) = (try BundleFixture(), try BundleFixture())
        let bytes = try one.write(one.journalManifest, one.contents, one.till)
        #expect(try other.write(other.journalManifest, other.contents, other.till) == bytes)
    }

    @Test func entriesOfTheManifestAreThoseWritten() throws {
        let fixture = try BundleFixture()
        try fixture.system.publish("/in/source", bytes: Array("0123456789".utf8))
        let written = try BundleWriter.write(
            manifest: fixture.journalManifest,
            contents: fixture.contents + [BundleContent("segments/3", file: "/in/source", offset: 2, length: 5)],
            key: fixture.till, to: BundleFixture.path, fileSystem: fixture.system, verifyCopy: false)
        let last = try #require(written.manifest.entries.last)
        #expect(last == Manifest.Entry(path: "segments/3", size: 5, hash: ContentHash.of(Array("23456".utf8))))
        let bundle = try BundleIntake(try fixture.expectations(), fileSystem: fixture.system).take(BundleFixture.path)
        #expect(bundle.manifest == written.manifest)
        #expect(try bundle.read("segments/3") == Array("23456".utf8))
    }

    @Test func refusesWhatNobodyWouldTake() throws {
        let fixture = try BundleFixture()
        func code(_ manifest: Manifest, _ contents: [BundleContent]) -> BundleError.Code? {
            bundleError {
                _ = try BundleWriter.write(
                    manifest: manifest, contents: contents, key: fixture.till, to: BundleFixture.path,
                    fileSystem: fixture.system, verifyCopy: true)
            }?.code
        }
        var large = fixture.journalManifest
        large.software = String(repeating: "x", count: 4 << 20)
        #expect(code(large, fixture.contents) == .limit)
        #expect(code(fixture.journalManifest, []) == .malformed)
        #expect(code(fixture.journalManifest, fixture.contents + [fixture.contents[0]]) == .malformed)
        #expect(
            code(fixture.journalManifest, fixture.contents + [BundleContent("policy.yaml", bytes: [])]) == .malformed)
        #expect(code(fixture.journalManifest, fixture.contents + [BundleContent("echo/../a", bytes: [])]) == .malformed)
        let missing = BundleContent("segments/3", file: "/in/absent", length: 1)
        #expect(code(fixture.journalManifest, fixture.contents + [missing]) == .notFound)
        try fixture.system.publish("/in/short", bytes: [1, 2])
        let short = BundleContent("segments/3", file: "/in/short", length: 3)
        #expect(code(fixture.journalManifest, fixture.contents + [short]) == .inputOutput)
        #expect(try fixture.system.names(in: "/in") == ["short"])
    }

    @Test func everyFailureLeavesNothingUnderTheName() throws {
        let calls: Set<FileCall> = [.open, .write, .synchronize, .dropCache, .read, .rename]
        func write(to system: any FileSystem) throws -> BundleError? {
            let fixture = try BundleFixture(system: system)
            return bundleError {
                _ = try BundleWriter.write(
                    manifest: fixture.journalManifest, contents: fixture.contents, key: fixture.till,
                    to: BundleFixture.path, fileSystem: system, verifyCopy: true)
            }
        }
        let counting = FaultFileSystem(over: CrashFileSystem(), Fault(calls, number: .max))
        #expect(try write(to: counting) == nil)
        #expect(counting.callCount > 6)
        for number in 1...counting.callCount {
            let memory = CrashFileSystem()
            let fault = Fault(calls, number: number, kind: .noSpace, isLasting: true, writtenBytes: 100)
            let error = try write(to: FaultFileSystem(over: memory, fault))
            #expect(error?.code == .inputOutput, "call \(number)")
            #expect(error?.status == 74)
            #expect(try memory.names(in: "/in") == [], "call \(number)")
        }
    }

    /// A share may stand on FAT without saying so.
    @Test func aFileThatIsTooLargeIsAdvisedToBeSplit() throws {
        let fixture = try BundleFixture()
        let fault = Fault([.write], number: 1, kind: .noSpace, code: EFBIG)
        let share = FaultFileSystem(over: fixture.system, fault)
        let error = bundleError {
            _ = try BundleWriter.write(
                manifest: fixture.journalManifest, contents: fixture.contents, key: fixture.till,
                to: BundleFixture.path, fileSystem: share, verifyCopy: true)
        }
        #expect(error?.status == 74)
        #expect(error?.description.contains("--max-size") == true)
        #expect(error?.description.components(separatedBy: BundleFixture.path).count == 2, "the path is said once")
    }

    @Test func aMissingFolderCannotBeWrittenTo() throws {
        let fixture = try BundleFixture()
        let error = bundleError {
            _ = try BundleWriter.write(
                manifest: fixture.journalManifest, contents: fixture.contents, key: fixture.till, to: "/absent/a",
                fileSystem: fixture.system, verifyCopy: false)
        }
        #expect(error?.code == .cannotCreate)
        #expect(error?.status == 73)
    }
}
