package dev.jslirp.link;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FaultConfigTest {
    @Test
    void percentagesAndFractionsInAnyOrder() {
        assertEquals(new FaultConfig(0.01, 0.02, 0.015, 0.001), FaultConfig.parse("loss=1%,reorder=1.5%,duplicate=0.02,corrupt=0.1%"));
        assertEquals(new FaultConfig(0, 0, 0, 1), FaultConfig.parse("corrupt=100%"));
        assertEquals(new FaultConfig(1, 0, 0, 0), FaultConfig.parse("loss=1"));
        assertEquals(FaultConfig.NONE, FaultConfig.parse("loss=0"));
        assertEquals(1, FaultConfig.parse("loss=0.7,duplicate=0.2,reorder=0.1").loss() + 0.3, 1e-9);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "''              | '': expected FAULT=PROBABILITY like loss=1%",
        "loss            | 'loss': expected FAULT=PROBABILITY",
        "loss=1%,        | '': expected FAULT=PROBABILITY",
        "lost=1%         | 'lost=1%': expected loss, duplicate, reorder or corrupt",
        "loss=           | 'loss=': expected a probability like 1% or 0.01",
        "loss=%          | 'loss=%': expected a probability",
        "loss=-1%        | 'loss=-1%': expected a probability",
        "loss=1e-3       | 'loss=1e-3': expected a probability",
        "loss=NaN        | 'loss=NaN': expected a probability",
        "loss=1.01       | loss is not within 0% to 100%",
        "reorder=101%    | reorder is not within 0% to 100%",
        "loss=60%,duplicate=60% | more than 100%"})
    void errorsSayWhatIsWrong(String text, String message) {
        var e = assertThrows(IllegalArgumentException.class, () -> FaultConfig.parse(text));
        assertTrue(e.getMessage().contains(message), e.getMessage());
    }
}
