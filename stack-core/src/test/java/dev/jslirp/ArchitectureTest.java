package dev.jslirp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.Tree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.SourcePositions;
import com.sun.source.util.TreeScanner;
import com.sun.source.util.Trees;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.constantpool.MemberRefEntry;
import java.lang.classfile.constantpool.MethodTypeEntry;
import java.lang.classfile.constantpool.NameAndTypeEntry;
import java.lang.classfile.constantpool.PoolEntry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;

/// The rules of the code base that a machine can check: who may know whom, what may be called, how long things may get.
///
/// References are read from compiled classes (`java.lang.classfile`), lengths from javac's parse trees. There are no exceptions
/// by name; a rule that is in the way is to be changed here, for all.
class ArchitectureTest {
    private static final Path CLASSES = Path.of("target/classes");
    private static final List<Path> SOURCES = List.of(Path.of("src/main/java"), Path.of("../stack-tap/src/main/java"));

    private static final int CLASS_LINES_MAX = 600;
    private static final int METHOD_LINES_MAX = 70;
    private static final int PACKAGE_INFO_WORDS_MIN = 60;

    private static final String ROOT = "dev.jslirp";
    private static final String HOST_NETTY = "host.netty";

    /// Which package may import which; the root package may import all of them and none may import the root.
    private static final Map<String, Set<String>> ARROWS = Map.ofEntries(
            Map.entry("wire", Set.of()),
            Map.entry("time", Set.of()),
            Map.entry("host", Set.of()),
            Map.entry("stats", Set.of("wire")),
            Map.entry("link", Set.of("time", "wire", "stats")),
            Map.entry("tcp", Set.of("wire", "stats")),
            Map.entry(HOST_NETTY, Set.of("host", "time", "stats")),
            Map.entry("net", Set.of("link", "time", "wire", "stats")),
            Map.entry("lan", Set.of("net", "link", "time", "wire")),
            Map.entry("nat", Set.of("tcp", "net", "host", "time", "wire", "stats")),
            Map.entry("service", Set.of("tcp", "net", "host", "time", "wire", "stats")),
            Map.entry("peer", Set.of("nat", "tcp", "net", "host", "time", "wire", "stats")),
            Map.entry("", Set.of("wire", "time", "host", "stats", "link", "lan", "tcp", HOST_NETTY, "net", "nat", "service", "peer")));

    /// Members that would let time, threads, chance or a terminal in past the seams.
    private static final Set<String> BANNED_MEMBERS = Set.of("java/lang/System.nanoTime", "java/lang/System.currentTimeMillis",
            "java/time/Instant.now", "java/lang/Thread.sleep", "java/lang/Thread.start", "java/lang/Math.random",
            "java/util/Random.<init>", "java/util/random/RandomGenerator.getDefault", "java/util/random/RandomGenerator.of",
            "java/lang/System.out", "java/lang/System.err");
    private static final Set<String> BANNED_CLASSES = Set.of("java/util/concurrent/ThreadLocalRandom", "java/security/SecureRandom",
            "java/time/Clock");
    private static final Pattern UNFINISHED = Pattern.compile("\\b(FIXME|TODO|XXX)\\b");
    private static final Pattern CLASS_IN_DESCRIPTOR = Pattern.compile("L([^;<>]+)[;<]");

    private final List<ClassModel> classes = compiledClasses();

    @Test
    void packagesImportOnlyWhatTheArrowsAllow() {
        List<String> violations = new ArrayList<>();
        for (ClassModel model : classes) {
            String from = packageOf(model.thisClass().asInternalName());
            assertTrue(ARROWS.containsKey(from), () -> "package " + from + " has no arrows; add it to ARROWS");
            for (String name : referencedClasses(model)) {
                if (!isOurs(name)) {
                    continue;
                }
                String to = packageOf(name);
                if (!to.equals(from) && !ARROWS.get(from).contains(to)) {
                    violations.add(model.thisClass().asInternalName() + " -> " + name);
                }
            }
        }
        assertNone(violations);
    }

    @Test
    void packagesFormNoCycle() {
        Map<String, Set<String>> imports = new TreeMap<>();
        for (ClassModel model : classes) {
            Set<String> targets = imports.computeIfAbsent(packageOf(model.thisClass().asInternalName()), _ -> new TreeSet<>());
            referencedClasses(model).stream().filter(ArchitectureTest::isOurs).map(ArchitectureTest::packageOf).forEach(targets::add);
        }
        imports.forEach((from, targets) -> targets.remove(from));
        // Packages that import nothing of what is left can be taken away; in a cycle no such package remains.
        boolean removed = true;
        while (removed) {
            removed = imports.values().removeIf(targets -> targets.stream().noneMatch(imports::containsKey));
        }
        assertEquals(Map.of(), imports, "packages in a cycle, or above one");
    }

    @Test
    void channelsOfNettyAreKnownToHostNettyOnly() {
        assertNone(references(model -> !packageOf(model.thisClass().asInternalName()).equals(HOST_NETTY),
                name -> name.startsWith("io/netty/channel/") || name.startsWith("io/netty/bootstrap/")));
    }

    @Test
    void nativeCodeIsOutOfReach() {
        assertNone(references(_ -> true, name -> name.startsWith("java/lang/foreign/") || name.startsWith("sun/")
                || name.startsWith("jdk/internal/")));
    }

    @Test
    void clocksThreadsChanceAndTerminalsEnterThroughSeamsOnly() {
        List<String> violations = references(_ -> true, BANNED_CLASSES::contains);
        for (ClassModel model : classes) {
            boolean reactor = packageOf(model.thisClass().asInternalName()).equals(HOST_NETTY);
            for (PoolEntry entry : model.constantPool()) {
                if (entry instanceof MemberRefEntry member) {
                    String name = member.owner().asInternalName() + "." + member.name().stringValue();
                    if (BANNED_MEMBERS.contains(name) && !(reactor && name.equals("java/lang/System.nanoTime"))) {
                        violations.add(model.thisClass().asInternalName() + " uses " + name);
                    }
                }
            }
        }
        assertNone(violations);
    }

    @Test
    void classesAndMethodsStayShort() throws IOException {
        List<String> violations = new ArrayList<>();
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
            JavacTask task = (JavacTask) compiler.getTask(null, files, null, List.of("-proc:none"), null,
                    files.getJavaFileObjectsFromPaths(sourceFiles()));
            SourcePositions positions = Trees.instance(task).getSourcePositions();
            for (CompilationUnitTree unit : task.parse()) {
                new LengthScanner(unit, positions, violations).scan(unit, null);
            }
        }
        assertNone(violations);
    }

    @Test
    void nothingIsMarkedUnfinished() throws IOException {
        List<String> violations = new ArrayList<>();
        for (Path file : sourceFiles()) {
            List<String> lines = Files.readAllLines(file);
            for (int i = 0; i < lines.size(); i++) {
                if (UNFINISHED.matcher(lines.get(i)).find()) {
                    violations.add(file + ":" + (i + 1) + ": " + lines.get(i).strip());
                }
            }
        }
        assertNone(violations);
    }

    @Test
    void everyPackageExplainsItself() throws IOException {
        Set<Path> packages = new TreeSet<>();
        sourceFiles().forEach(file -> packages.add(file.getParent()));
        List<String> violations = new ArrayList<>();
        for (Path directory : packages) {
            Path info = directory.resolve("package-info.java");
            if (!Files.exists(info)) {
                violations.add(info + " is missing");
                continue;
            }
            String text = Files.readString(info);
            if (text.contains("Placeholder") || text.contains("Being written")
                    || text.split("\\s+").length < PACKAGE_INFO_WORDS_MIN) {
                violations.add(info + " says too little");
            }
        }
        assertNone(violations);
    }

    private static void assertNone(List<String> violations) {
        assertTrue(violations.isEmpty(), () -> String.join("\n", violations));
    }

    private List<String> references(Predicate<ClassModel> from, Predicate<String> to) {
        List<String> found = new ArrayList<>();
        for (ClassModel model : classes) {
            if (from.test(model)) {
                referencedClasses(model).stream().filter(to)
                        .forEach(name -> found.add(model.thisClass().asInternalName() + " -> " + name));
            }
        }
        return found;
    }

    /// Every class a class names: in code, in descriptors of members it has or uses.
    private static Set<String> referencedClasses(ClassModel model) {
        Set<String> names = new HashSet<>();
        for (PoolEntry entry : model.constantPool()) {
            switch (entry) {
                case ClassEntry type -> addClasses(type.asInternalName().startsWith("[") ? type.asInternalName()
                        : "L" + type.asInternalName() + ";", names);
                case NameAndTypeEntry member -> addClasses(member.type().stringValue(), names);
                case MethodTypeEntry type -> addClasses(type.descriptor().stringValue(), names);
                default -> { }
            }
        }
        model.fields().forEach(field -> addClasses(field.fieldType().stringValue(), names));
        model.methods().forEach(method -> addClasses(method.methodType().stringValue(), names));
        return names;
    }

    private static void addClasses(String descriptor, Set<String> names) {
        Matcher matcher = CLASS_IN_DESCRIPTOR.matcher(descriptor);
        while (matcher.find()) {
            names.add(matcher.group(1));
        }
    }

    private static boolean isOurs(String internalName) {
        return internalName.startsWith("dev/jslirp/");
    }

    /// The package below `dev.jslirp`, with dots; empty for the root.
    private static String packageOf(String internalName) {
        String name = internalName.substring(0, internalName.lastIndexOf('/')).replace('/', '.');
        return name.equals(ROOT) ? "" : name.substring(ROOT.length() + 1);
    }

    private static List<ClassModel> compiledClasses() {
        List<ClassModel> models = new ArrayList<>();
        for (Path file : filesBelow(CLASSES, ".class")) {
            try {
                models.add(ClassFile.of().parse(file));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        assertFalse(models.isEmpty(), "no classes in " + CLASSES.toAbsolutePath());
        return models;
    }

    private static List<Path> sourceFiles() {
        return SOURCES.stream().flatMap(root -> filesBelow(root, ".java").stream()).toList();
    }

    private static List<Path> filesBelow(Path root, String suffix) {
        try (Stream<Path> paths = Files.walk(root)) {
            return paths.filter(path -> path.toString().endsWith(suffix)).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static final class LengthScanner extends TreeScanner<Void, Void> {
        private final CompilationUnitTree unit;
        private final SourcePositions positions;
        private final List<String> violations;

        LengthScanner(CompilationUnitTree unit, SourcePositions positions, List<String> violations) {
            this.unit = unit;
            this.positions = positions;
            this.violations = violations;
        }

        @Override
        public Void visitClass(ClassTree node, Void nothing) {
            check(node, "class " + node.getSimpleName(), CLASS_LINES_MAX);
            return super.visitClass(node, nothing);
        }

        @Override
        public Void visitMethod(MethodTree node, Void nothing) {
            check(node, "method " + node.getName(), METHOD_LINES_MAX);
            return super.visitMethod(node, nothing);
        }

        private void check(Tree node, String what, int linesMax) {
            long first = unit.getLineMap().getLineNumber(positions.getStartPosition(unit, node));
            long end = unit.getLineMap().getLineNumber(positions.getEndPosition(unit, node));
            if (end - first + 1 > linesMax) {
                violations.add(unit.getSourceFile().getName() + ":" + first + ": " + what + " has " + (end - first + 1)
                        + " lines, more than " + linesMax);
            }
        }
    }
}
